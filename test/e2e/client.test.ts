import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createZscClient, type ZscClient, ZscError } from "../../src/client/index.ts";
import { freshName, newSecret, payloadsOf } from "./support/secrets.ts";
import { admin, closeVaults, openVault, type Vault } from "./support/vault.ts";

describe("the package's client", () => {
  let vault: Vault;
  let client: ZscClient;
  const env: Record<string, string> = {};
  const clientFor = async (zid: string) =>
    createZscClient({ baseUrl: `http://${vault.host}:${vault.port}`, token: await vault.token("caller", zid), env });
  beforeAll(async () => {
    vault = await openVault();
    client = await clientFor("ZEQ-APP");
  }, 90_000);
  afterAll(closeVaults, 60_000);

  const codeOf = async (reading: Promise<string>) => {
    const error: unknown = await reading.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return error instanceof ZscError ? error.code : error;
  };

  test("reads a secret, whatever the environment says", async () => {
    const name = await newSecret(vault, { boundZid: "ZEQ-APP", value: "from the vault" });
    env[name] = "from the environment";
    expect(await client.read(name, { purpose: "start" })).toBe("from the vault");
    expect((await payloadsOf(vault, name)).at(-1)).toMatchObject({ purpose: "start" });
  });

  test("falls through to its own environment when the vault has no such secret", async () => {
    const name = freshName("ONLY_IN_ENV");
    env[name] = "from the environment";
    expect(await client.read(name)).toBe("from the environment");
    expect((await payloadsOf(vault, name)).at(-1)).toMatchObject({ reason: "not_found" });
  });

  test("knows an empty value of the environment from none", async () => {
    const name = freshName("EMPTY");
    env[name] = "";
    expect(await client.read(name)).toBe("");
    expect(await codeOf(client.read(freshName("NOWHERE")))).toBe("NOT_FOUND");
    expect(await codeOf(client.read("toString"))).toBe("NOT_FOUND");
  });

  test("falls through to the environment of the process unless told otherwise", async () => {
    const name = "ZSC_TEST_FALL_THROUGH";
    process.env[name] = "from the process";
    const token = await vault.token("caller", "ZEQ-APP");
    const plain = createZscClient({ baseUrl: `http://${vault.host}:${vault.port}`, token: () => token });
    expect(await plain.read(name)).toBe("from the process");
    delete process.env[name];
  });

  test("never falls through when it is refused", async () => {
    const name = await newSecret(vault);
    env[name] = "from the environment";
    const stranger = await clientFor("ZEQ-CLIENT-STRANGER");
    for (let time = 0; time < 5; time++) {
      expect(await codeOf(stranger.read(name))).toBe("DENIED");
    }
    expect(await codeOf(stranger.read(name))).toBe("RATE_LIMITED");
    const none = freshName("none");
    env[none] = "from the environment";
    expect(await codeOf(stranger.read(none))).toBe("RATE_LIMITED");
  });

  test("never falls through without a good token, or with a bad name", async () => {
    const baseUrl = `http://${vault.host}:${vault.port}`;
    const names = { PATH: "x", "a|b": "x" };
    expect(await codeOf(createZscClient({ baseUrl, token: "bad", env: names }).read("PATH"))).toBe("UNAUTHENTICATED");
    expect(await codeOf(createZscClient({ baseUrl, token: () => "bad", env: names }).read("PATH"))).toBe(
      "UNAUTHENTICATED",
    );
    const token = await vault.token("admin", admin);
    expect(await codeOf(createZscClient({ baseUrl, token, env: names }).read("PATH"))).toBe("FORBIDDEN");
    const caller = await vault.token("caller", "ZEQ-APP");
    expect(await codeOf(createZscClient({ baseUrl, token: caller, env: names }).read("a|b"))).toBe("INVALID_ARGUMENT");
  });

  test("never falls through when the vault cannot be reached, and says so", async () => {
    // As an application has it: the built package by its name, in a process without jest's own Error class.
    const script = `
      import { createZscClient } from "zsc-vault";
      const client = createZscClient({ baseUrl: "http://127.0.0.1:1", token: "t", env: { NAME: "from the environment" } });
      console.log(await client.read("NAME").catch((error) => "code " + error.code));
    `;
    const args = ["--input-type=module", "--eval", script];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: join(__dirname, "../..") });
    expect(stdout).toBe("code UNAVAILABLE\n");
  });

  test("is found by tools that do not read exports", () => {
    const { main, types, exports } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(exports["."]).toEqual({ types, default: main });
    expect([main, types].filter((path) => !existsSync(path))).toEqual([]);
  });

  test("hears its own signal", async () => {
    const stopped = AbortSignal.abort();
    expect(await codeOf(client.read("n", { signal: stopped }))).toBe("CANCELLED");
  });

  test("gives the typed services for everything else", async () => {
    const token = await vault.token("admin", admin);
    const managing = createZscClient({ baseUrl: `http://${vault.host}:${vault.port}`, token });
    const name = freshName("typed");
    expect(await managing.admin.set({ name, value: "v" })).toMatchObject({ name });
    expect((await managing.admin.info({ name })).secret?.boundZid).toBe("ZEQ-SYS");
  });
});
