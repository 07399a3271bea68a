import { createZscClient, type ZscClientOptions, ZscError } from "../../src/client/index.ts";
import { startTestVault, type TestVault } from "../../src/testing/index.ts";

let vault: TestVault;
beforeAll(async () => {
  const app = (value: string) => ({ value, boundZid: "ZEQ-APP" });
  const many = Array.from({ length: 230 }, (_, index) => [`many-${index}`, app(`value ${index}`)] as const);
  vault = await startTestVault({
    secrets: { ...Object.fromEntries(many), tagged: { ...app("t"), purposeTag: "db" }, foreign: "f" },
  });
}, 60_000);
afterAll(() => vault.close());

const clientWith = async (options: Partial<ZscClientOptions> = {}) =>
  createZscClient({ baseUrl: vault.url, token: await vault.tokenFor("ZEQ-APP"), env: {}, ...options });

const errorOf = async (call: Promise<unknown>): Promise<ZscError> => {
  const error: unknown = await call.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ZscError);
  return error as ZscError;
};

const lastRow = async () => (await vault.rows()).at(-1);

describe("readSecret", () => {
  test("says where the value comes from, with the row that records the read", async () => {
    const client = await clientWith({ env: { only: "own", tagged: "own" } });
    const read = await client.readSecret("tagged", { purpose: "start" });
    expect(read).toEqual({ value: "t", source: "vault", purposeTag: "db", receipt: (await lastRow())?.receipt });
    expect((await lastRow())?.payload).toMatchObject({ purpose: "start" });
    const own = await client.readSecret("only");
    expect(own).toEqual({ value: "own", source: "env", receipt: (await lastRow())?.receipt });
    expect(await lastRow()).toMatchObject({ type: "secret_denied", payload: { reason: "not_found" } });
  });

  test("reads on behalf of another, as the system", async () => {
    const client = await clientWith({ token: await vault.tokenFor("ZEQ-GATEWAY", "system") });
    expect((await client.readSecret("tagged", { onBehalfOf: "ZEQ-APP" })).value).toBe("t");
    expect(await lastRow()).toMatchObject({ actorZid: "ZEQ-APP", payload: { by: "ZEQ-GATEWAY" } });
    const caller = await clientWith();
    expect((await errorOf(caller.read("tagged", { onBehalfOf: "ZEQ-OTHER" }))).code).toBe("FORBIDDEN");
  });
});

describe("fallThrough: false", () => {
  test("leaves the environment alone", async () => {
    const client = await clientWith({ env: { only: "own" }, fallThrough: false });
    expect((await errorOf(client.read("only"))).code).toBe("NOT_FOUND");
    expect((await client.readMany(["only"])).get("only")?.error?.code).toBe("NOT_FOUND");
    expect((await errorOf(client.readAll(["only"]))).code).toBe("NOT_FOUND");
  });
});

describe("readMany", () => {
  test("reads any number of names in pieces of 100, each once, in their order", async () => {
    const client = await clientWith();
    const names = Array.from({ length: 230 }, (_, index) => `many-${index}`);
    const before = (await vault.rows()).length;
    const found = await client.readMany([...names, "many-0"], { purpose: "all" });
    expect([...found.keys()]).toEqual(names);
    const rows = (await vault.rows()).slice(before);
    expect(rows.length).toBe(230);
    expect(rows.every(({ payload }) => payload["purpose"] === "all")).toBe(true);
    for (const [index, name] of names.entries()) {
      expect(found.get(name)).toEqual({ value: `value ${index}`, source: "vault", receipt: rows[index]?.receipt });
    }
  });

  test("has a result for each name, whatever it is", async () => {
    const client = await clientWith({ env: { only: "own" } });
    const found = await client.readMany(["tagged", "foreign", "only", "nowhere", "__proto__"]);
    expect([...found].map(([name, { error, source }]) => [name, error?.code ?? source])).toEqual([
      ["tagged", "vault"],
      ["foreign", "DENIED"],
      ["only", "env"],
      ["nowhere", "NOT_FOUND"],
      ["__proto__", "NOT_FOUND"],
    ]);
    expect(found.get("foreign")?.error).toBeInstanceOf(ZscError);
  });

  test("makes of a call that fails the error of each of its names, and keeps the others", async () => {
    const client = await clientWith({ env: { "many-1": "own" }, retry: false });
    const names = Array.from({ length: 150 }, (_, index) => `many-${index}`);
    vault.failNext("STORE_UNAVAILABLE");
    const found = await client.readMany(names);
    expect(found.get("many-1")?.error?.code).toBe("STORE_UNAVAILABLE");
    expect(found.get("many-99")?.error?.code).toBe("STORE_UNAVAILABLE");
    expect(found.get("many-100")?.value).toBe("value 100");
  });

  test("asks for nothing when there are no names", async () => {
    const client = await clientWith({ token: "no token of this vault" });
    expect((await client.readMany([])).size).toBe(0);
    expect(await client.readAll([])).toEqual({});
  });
});

describe("readAll", () => {
  test("gives an object of all values", async () => {
    const client = await clientWith({ env: { only: "own" } });
    const values = await client.readAll(["tagged", "only"]);
    expect(values).toEqual({ tagged: "t", only: "own" });
    expect(values.tagged).toBe("t");
  });

  test("fails with one error that names every failure", async () => {
    const client = await clientWith();
    const error = await errorOf(client.readAll(["nowhere", "foreign", "tagged"]));
    expect(error.code).toBe("DENIED");
    expect(error.message).toBe("2 of 3 secrets could not be read: nowhere (NOT_FOUND), foreign (DENIED)");
    expect([...(error.failures ?? [])].map(([name, { code }]) => [name, code])).toEqual([
      ["nowhere", "NOT_FOUND"],
      ["foreign", "DENIED"],
    ]);
  });
});

describe("an error", () => {
  test("has the reason, the receipt of the refusal, and how long to wait", async () => {
    const client = await clientWith();
    const denied = await errorOf(client.read("foreign"));
    expect(denied).toMatchObject({ name: "ZscError", code: "DENIED", receipt: (await lastRow())?.receipt });
    expect(denied.retryAfterMs).toBeUndefined();
    const stranger = await clientWith({ token: await vault.tokenFor("ZEQ-STRANGER") });
    for (let time = 0; time < 5; time++) {
      await errorOf(stranger.read("foreign"));
    }
    const limited = await errorOf(stranger.read("foreign"));
    expect(limited.code).toBe("RATE_LIMITED");
    expect(limited.retryAfterMs).toBeGreaterThan(0);
    expect((await stranger.readMany(["tagged"])).get("tagged")?.error?.retryAfterMs).toBeGreaterThan(0);
    expect((await errorOf(stranger.readAll(["tagged"]))).retryAfterMs).toBeGreaterThan(0);
  });

  test("is the same for the typed services", async () => {
    const client = await clientWith({ token: await vault.tokenFor("ZEQ-BOSS", "admin") });
    const absent = await errorOf(client.admin.info({ name: "nowhere" }));
    expect(absent).toMatchObject({ code: "NOT_FOUND", receipt: (await lastRow())?.receipt });
    expect((await errorOf(client.context.read({ name: "tagged" }))).code).toBe("FORBIDDEN");
    expect((await errorOf(client.admin.set({ name: "a|b", value: "v" }))).code).toBe("INVALID_ARGUMENT");
  });

  test.each([
    ["STORE_UNAVAILABLE"],
    ["ISSUER_UNAVAILABLE"],
    ["OVERLOADED"],
    ["SEAL_BROKEN"],
    ["MESSAGE_TOO_LARGE"],
  ] as const)("knows %s", async (reason) => {
    const client = await clientWith({ retry: false, env: { tagged: "own" } });
    vault.failNext(reason);
    const error = await errorOf(client.read("tagged"));
    expect(error.code).toBe(reason);
    expect(error.receipt).toBeUndefined();
  });

  test("says when a caller gave up, or there was not enough time", async () => {
    const client = await clientWith();
    expect((await errorOf(client.read("tagged", { signal: AbortSignal.abort() }))).code).toBe("CANCELLED");
    const hasty = await clientWith({ timeoutMs: 50, retry: { attempts: 1 } });
    vault.failNext("STORE_UNAVAILABLE");
    expect(["STORE_UNAVAILABLE", "DEADLINE_EXCEEDED"]).toContain((await errorOf(hasty.read("tagged"))).code);
  });
});
