import http2 from "node:http2";
import { createServer } from "node:net";
import { createZscClient, type ZscClientOptions, ZscError } from "../../src/client/index.ts";
import { startTestVault, type TestVault } from "../../src/testing/index.ts";
import { answerRead, openGateway } from "./gateway.ts";

let vault: TestVault;
beforeAll(async () => {
  vault = await startTestVault({ secrets: { one: { value: "1", boundZid: "ZEQ-APP" } } });
}, 60_000);
afterAll(() => vault.close());

const clientWith = async (options: Partial<ZscClientOptions> = {}, role: "caller" | "admin" = "caller") =>
  createZscClient({ baseUrl: vault.url, token: await vault.tokenFor("ZEQ-APP", role), env: {}, ...options });

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => "OK",
    (error: unknown) => (error instanceof ZscError ? error.code : error),
  );

/** How many calls the vault would still fail: what was planned and not met. */
async function leftOf(times: number, call: () => Promise<unknown>): Promise<{ outcome: unknown; met: number }> {
  vault.failNext("STORE_UNAVAILABLE", { times });
  const outcome = await codeOf(call());
  const probe = await clientWith({ retry: false });
  let left = 0;
  while ((await codeOf(probe.read("one"))) !== "OK") {
    left += 1;
  }
  return { outcome, met: times - left };
}

describe("a call that is answered with UNAVAILABLE", () => {
  test("is made three times in all, when it is a read", async () => {
    const client = await clientWith();
    expect(await leftOf(2, () => client.read("one"))).toEqual({ outcome: "OK", met: 2 });
    expect(await leftOf(5, () => client.read("one"))).toEqual({ outcome: "STORE_UNAVAILABLE", met: 3 });
    expect(await leftOf(5, () => client.readAll(["one"]))).toEqual({ outcome: "STORE_UNAVAILABLE", met: 3 });
  });

  test("is made as often as the options say", async () => {
    const client = await clientWith({ retry: { attempts: 5, pauseMs: 0 } });
    expect(await leftOf(9, () => client.read("one"))).toEqual({ outcome: "STORE_UNAVAILABLE", met: 5 });
    const once = await clientWith({ retry: false });
    expect(await leftOf(2, () => once.read("one"))).toEqual({ outcome: "STORE_UNAVAILABLE", met: 1 });
  });

  test("is made again when it is a call for metadata, and once when it is a write", async () => {
    const { admin } = await clientWith({}, "admin");
    expect(await leftOf(5, () => admin.list({}))).toEqual({ outcome: "STORE_UNAVAILABLE", met: 3 });
    expect(await leftOf(5, () => admin.info({ name: "one" }))).toEqual({ outcome: "STORE_UNAVAILABLE", met: 3 });
    expect(await leftOf(5, () => admin.audit({ name: "one" }))).toEqual({ outcome: "STORE_UNAVAILABLE", met: 3 });
    for (const write of [
      () => admin.set({ name: "one", value: "2" }),
      () => admin.rotate({ name: "one" }),
      () => admin.grant({ name: "one", zid: "Z" }),
      () => admin.revoke({ name: "one", zid: "Z" }),
      () => admin.delete({ name: "one" }),
    ]) {
      expect(await leftOf(5, write)).toEqual({ outcome: "STORE_UNAVAILABLE", met: 1 });
    }
  });

  test("waits as long as the vault asks, and not at all when that is longer than it has", async () => {
    const client = await clientWith({ timeoutMs: 2_000 });
    vault.failNext("STORE_UNAVAILABLE", { retryAfterMs: 400 });
    const begunMs = performance.now();
    expect(await client.read("one")).toBe("1");
    expect(performance.now() - begunMs).toBeGreaterThan(395);
    vault.failNext("OVERLOADED", { retryAfterMs: 60_000 });
    await expect(client.read("one")).rejects.toMatchObject({ code: "OVERLOADED", retryAfterMs: 60_000 });
  });

  test("ends with its signal while it waits", async () => {
    const client = await clientWith({ timeoutMs: 200_000 });
    vault.failNext("STORE_UNAVAILABLE", { retryAfterMs: 100_000 });
    expect(await codeOf(client.read("one", { signal: AbortSignal.timeout(200) }))).toBe("CANCELLED");
  });
});

test.each([["DENIED"], ["NOT_FOUND"], ["RATE_LIMITED"], ["SEAL_BROKEN"], ["FORBIDDEN"], ["CONFLICT"]] as const)(
  "a call that is refused with %s is made once",
  async (reason) => {
    const client = await clientWith();
    vault.failNext(reason, { retryAfterMs: 1 });
    await codeOf(client.read("one"));
    expect(await client.read("one")).toBe("1");
  },
);

describe("a vault that is not there", () => {
  test("is an error within the time, for reads and writes alike", async () => {
    const client = createZscClient({ baseUrl: "http://127.0.0.1:1", token: "t", env: { one: "own" } });
    expect(await codeOf(client.read("one"))).toBe("UNAVAILABLE");
    expect(await codeOf(client.admin.set({ name: "one", value: "v" }))).toBe("UNAVAILABLE");
  });

  test("is found when it comes back, also by a write: nobody has looked at it", async () => {
    const gateway = await openGateway((stream) => answerRead(stream));
    await gateway.stop();
    const client = createZscClient({ baseUrl: gateway.baseUrl, token: "t", env: {}, retry: { pauseMs: 800 } });
    const writing = codeOf(client.admin.grant({ name: "one", zid: "Z" }));
    let attempts = 0;
    const { port } = new URL(gateway.baseUrl);
    const server = http2.createServer().on("stream", (stream) => {
      attempts += 1;
      stream.respond(
        { ":status": 200, "content-type": "application/grpc+proto", "grpc-status": "7" },
        { endStream: true },
      );
    });
    const listening = new Promise<void>((resolve) => server.listen(Number(port), "127.0.0.1", resolve));
    await listening;
    expect(await writing).toBe("FORBIDDEN");
    expect(attempts).toBe(1);
    server.close();
  });

  test("is asked three times when it ends its connections, and once for a write: somebody may have looked at it", async () => {
    let gone = 0;
    const door = createServer((socket) => {
      gone += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
    const { port: doorPort } = door.address() as { port: number };
    const client = createZscClient({ baseUrl: `http://127.0.0.1:${doorPort}`, token: "t", env: {} });
    expect(await codeOf(client.read("one"))).toBe("UNAVAILABLE");
    expect(gone).toBe(3);
    expect(await codeOf(client.admin.set({ name: "one", value: "v" }))).toBe("UNAVAILABLE");
    expect(gone).toBe(4);
    await new Promise((resolve) => door.close(resolve));
  });
});
