import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format, inspect } from "node:util";
import { createZscClient, tokenFromFile, type ZscClientOptions } from "../../src/client/index.ts";
import { startTestVault, type TestVault } from "../../src/testing/index.ts";

const canary = "CANARY";
let vault: TestVault;
beforeAll(async () => {
  vault = await startTestVault({
    secrets: { mine: { value: `${canary}-value`, boundZid: "ZEQ-APP" }, other: `${canary}-other` },
  });
}, 60_000);
afterAll(() => vault.close());

/** In every way in which a log may print it. */
const printed = (value: unknown): string =>
  [
    inspect(value, { depth: 12, showHidden: true }),
    inspect({ deep: [value] }, { depth: 12 }),
    format("%s %o %O %j", value, value, value, value),
    JSON.stringify(value),
    JSON.stringify({ deep: [value] }),
    String(value),
    value instanceof Error ? `${value.stack}${JSON.stringify(value, Object.getOwnPropertyNames(value))}` : "",
  ].join("\n");

describe("what prints", () => {
  test("client and options shows no token, no key and no value", () => {
    const options: ZscClientOptions = {
      baseUrl: "https://vault.example",
      token: `${canary}-token`,
      env: { name: `${canary}-env` },
      tls: { cert: "a certificate", key: `${canary}-key`, ca: "authorities" },
    };
    const client = createZscClient(options);
    for (const each of [client, options, options.tls, client.admin, client.context]) {
      expect(printed(each)).not.toContain(canary);
    }
    expect(inspect(client)).toContain("https://vault.example");
    expect(JSON.parse(JSON.stringify(client))).toMatchObject({ baseUrl: "https://vault.example", token: "[redacted]" });
    // And they are what they were.
    expect(options).toMatchObject({ token: `${canary}-token`, env: { name: `${canary}-env` } });
    expect(Object.keys({ ...options })).toEqual(["baseUrl", "token", "env", "tls"]);
  });

  test("a frozen one as well, as far as it is the client", () => {
    const client = createZscClient(Object.freeze({ baseUrl: "https://vault.example", token: `${canary}-token` }));
    expect(printed(client)).not.toContain(canary);
  });

  test("a token file shows its path", async () => {
    const folder = mkdtempSync(join(tmpdir(), "zsc-token-"));
    const path = join(folder, "token");
    writeFileSync(path, `${canary}-token`);
    const token = tokenFromFile(path);
    expect(await token.token()).toContain(canary);
    const client = createZscClient({ baseUrl: "https://vault.example", token });
    expect(printed([token, client])).not.toContain(canary);
    expect(inspect(client)).toContain(path);
    rmSync(folder, { recursive: true });
  });

  test("errors shows none of them", async () => {
    const token = await vault.tokenFor("ZEQ-APP");
    const env = { mine: `${canary}-env`, other: `${canary}-env` };
    const failing = async (
      options: Partial<ZscClientOptions>,
      call: (client: ReturnType<typeof createZscClient>) => Promise<unknown>,
    ) =>
      call(createZscClient({ baseUrl: vault.url, token, env, retry: false, ...options })).then(
        () => expect("a failure").toBe("none"),
        (error: unknown) => error,
      );
    vault.failNext("SEAL_BROKEN");
    const errors = [
      await failing({}, (client) => client.read("mine")),
      await failing({}, (client) => client.read("other")),
      await failing({}, (client) => client.readAll(["mine", "other", "none"])),
      await failing({ baseUrl: "http://127.0.0.1:1" }, (client) => client.read("mine")),
      await failing({ token: `${canary}-token` }, (client) => client.read("mine")),
      await failing({ token: `${canary} token` }, (client) => client.read("mine")),
      await failing({ token: () => JSON.parse(`${canary} is no JSON`) }, (client) => client.read("mine")),
      await failing({ token: () => Promise.reject(new Error(canary)) }, (client) => client.read("mine")),
      await failing({}, (client) => client.admin.set({ name: "n", value: `${canary}-value` })),
      await failing({}, (client) => client.admin.set({ name: "n", value: `${canary}\uD800` })),
      await failing({}, (client) => client.admin.set({ name: "n", value: { [canary]: canary } as unknown as string })),
      await failing({}, (client) => client.admin.set({ name: "n", expiresZeqond: canary as unknown as bigint })),
      await failing({ timeoutMs: 1 }, (client) => client.read("mine")),
    ];
    for (const error of errors) {
      expect(printed(error).replaceAll(token, canary)).not.toContain(canary);
      expect(error).toMatchObject({ name: "ZscError", code: expect.stringMatching(/^[A-Z_]+$/) });
    }
  });
});

describe("options that are wrong", () => {
  test.each([
    [{ baseUrl: "vault.example" }, "baseUrl"],
    [{ baseUrl: "ftp://vault.example" }, "baseUrl"],
    [{ baseUrl: `https://user:${canary}@vault.example` }, "no user, password"],
    [{ baseUrl: `https://vault.example/?token=${canary}` }, "path or query"],
    [{ baseUrl: "https://vault.example/path" }, "path"],
    [{ baseUrl: undefined as unknown as string }, "baseUrl"],
    [{ timeoutMs: 0 }, "timeoutMs"],
    [{ timeoutMs: "10s" as unknown as number }, "timeoutMs"],
    [{ retry: { attempts: 0 } }, "retry.attempts"],
    [{ retry: { pauseMs: -1 } }, "retry.pauseMs"],
    [{ tls: { key: canary } }, "go together"],
  ] as const)("are refused at once, and not quoted: %j", (wrong, part) => {
    const create = () => createZscClient({ baseUrl: "https://vault.example", token: "t", ...wrong });
    expect(create).toThrow(TypeError);
    expect(create).toThrow(part);
    expect(create).not.toThrow(canary);
  });
});
