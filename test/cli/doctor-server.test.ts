import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { makeCertificate, renew } from "../e2e/support/certificate.ts";
import { holdHead } from "../e2e/support/head-lock.ts";
import { freshKeys } from "../e2e/support/tokens.ts";
import { type DatabaseKind, databaseKinds, openVault, type Vault } from "../e2e/support/vault.ts";
import { startZsc } from "../e2e/support/zsc-process.ts";
import { cleanUpDatabases, freshMysqlUrl, freshSqliteUrl } from "../support/databases.ts";
import { canaries, diagnose } from "./doctor-run.ts";

// `zsc doctor --server` as an operator starts it on the vault's machine, beside the server or without it.

const cwd = mkdtempSync(join(tmpdir(), "zsc-doctor-server-"));
afterAll(async () => {
  await cleanUpDatabases();
  rmSync(cwd, { recursive: true });
});
const doctor = (env: Readonly<Record<string, string>>, args: readonly string[] = []) =>
  diagnose(["--server", ...args], env, { cwd });

/** Settings of production whose secrets must not be printed. */
function production(url: string, { masterKey, jwtSecret } = freshKeys()): Record<string, string> {
  canaries.add(masterKey).add(jwtSecret);
  return { ZSC_MODE: "production", ZSC_DATABASE_URL: url, ZSC_MASTER_KEY: masterKey, ZSC_JWT_SECRET: jwtSecret };
}

/** The lock that every batch of a server needs. */
async function holdLock(vault: Vault, kind: DatabaseKind): Promise<() => unknown> {
  if (kind === "MariaDB") {
    return await holdHead(vault);
  }
  const writer = new Database(vault.databaseUrl.slice("sqlite:".length)).exec("BEGIN IMMEDIATE");
  return () => writer.close();
}

describe.each(databaseKinds)("on %s", (database) => {
  let vault: Vault;
  const env = () => production(vault.databaseUrl, vault);
  const files = database === "SQLite" ? ["ok files"] : [];
  beforeAll(async () => {
    vault = await openVault({ database });
  }, 90_000);
  afterAll(() => vault.close());

  test("a healthy vault is ok in every check, and its server goes on", async () => {
    const { states, of } = await doctor(env());
    expect(states).toEqual([
      ...["ok node", "ok settings", "ok database", "ok schema", "ok durability", ...files, "ok key"],
    ]);
    expect(of("settings")?.detail).toBe("production");
    expect(of("schema")?.detail).toMatch(/^version \d+, up to date$/);
    expect((await vault.sendBare("GET", "/readyz")).status).toBe(200);
  }, 60_000);

  test("it waits for no lock, and takes none", async () => {
    const letGo = await holdLock(vault, database);
    expect((await doctor(env())).code).toBe(0);
    await letGo();
  }, 60_000);

  test("a wrong master key", async () => {
    expect((await doctor(production(vault.databaseUrl))).of("key")).toEqual({
      ...{ name: "key", state: "FAIL", next: "put the right key back" },
      detail: expect.stringMatching(/^The master key does not open this vault\. Set ZSC_MASTER_KEY /),
    });
  }, 60_000);

  test("settings that are missing or wrong are a check each, and the database is looked at all the same", async () => {
    const { ZSC_MASTER_KEY, ...rest } = env();
    const { states, checks } = await doctor({ ...rest, ZSC_CALL_SECONDS: "0", ZSC_LISTEN: "nowhere" });
    expect(states).toEqual([
      ...["ok node", "FAIL settings", "FAIL settings", "FAIL settings"],
      ...["ok database", "ok schema", "ok durability", ...files],
    ]);
    expect(checks.slice(1, 4).map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^ZSC_LISTEN must be /),
      expect.stringMatching(/^ZSC_CALL_SECONDS must be /),
      expect.stringMatching(/^ZSC_MASTER_KEY must be set in production/),
    ]);
  }, 60_000);

  test("a schema that is older or newer than this program, which is left as it is", async () => {
    const [[version = ""] = []] = await vault.sql("SELECT version FROM schema_version");
    for (const [other, state, sentence] of [
      [Number(version) - 1, "warn", `version ${Number(version) - 1} of ${version}`],
      [Number(version) + 1, "FAIL", `version ${Number(version) + 1}, and this program knows only up to ${version}`],
    ] as const) {
      await vault.sql(`UPDATE schema_version SET version = ${other}`);
      expect((await doctor(env())).of("schema")).toMatchObject({ state, detail: sentence });
      expect(await vault.sql("SELECT version FROM schema_version")).toEqual([[String(other)]]);
    }
    await vault.sql(`UPDATE schema_version SET version = ${version}`);
  }, 60_000);

  test("a database without a vault, in which none is made", async () => {
    const url = database === "SQLite" ? (await freshSqliteUrl()).url : await freshMysqlUrl();
    const { states, of } = await doctor(production(url));
    if (database === "SQLite") {
      expect(states).toEqual(["ok node", "ok settings", "FAIL database"]);
      expect(of("database")?.detail).toContain("cannot be read: there is no such file");
      expect(existsSync(url.slice("sqlite:".length))).toBe(false);
    } else {
      expect(states.slice(2)).toEqual(["ok database", "warn schema", "ok durability", "warn key"]);
      const required = await doctor({ ...production(url), ZSC_REQUIRE_VAULT: "1" });
      expect(required.states.slice(2)).toEqual(["ok database", "FAIL schema", "ok durability", "warn key"]);
    }
  }, 60_000);
});

test("a database that is away, and a folder that is not there", async () => {
  const away = await doctor(production("mysql://root:hush-hush@127.0.0.1:9/zsc"));
  canaries.add("hush-hush");
  expect(away.states).toEqual(["ok node", "ok settings", "FAIL database"]);
  expect(away.of("database")?.detail).toMatch(/^The database 127\.0\.0\.1:9\/zsc cannot be read: /);
  const nowhere = await doctor(production(`sqlite:${join(cwd, "none", "zsc.db")}`));
  expect(nowhere.of("database")?.detail).toContain("there is no such file");
  expect(existsSync(join(cwd, "none"))).toBe(false);
}, 60_000);

test("a SQLite database that others can open, and a certificate that ends soon or has expired", async () => {
  const vault = await openVault();
  const certificate = makeCertificate();
  const path = vault.databaseUrl.slice("sqlite:".length);
  const { certFile, keyFile } = certificate;
  const env = { ...production(vault.databaseUrl, vault), ZSC_TLS_CERT_FILE: certFile, ZSC_TLS_KEY_FILE: keyFile };
  chmodSync(path, 0o644);
  const { of } = await doctor(env);
  expect(of("files")).toMatchObject({ state: "warn", next: `chmod 600 ${path}` });
  expect(of("tls")).toMatchObject({ state: "warn", next: "renew it on the vault's machine" });
  const whole = readFileSync(certFile, "utf8");
  writeFileSync(certFile, `${whole}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`);
  expect((await doctor(env)).of("tls")?.detail).toBe("a certificate of ZSC_TLS_CERT_FILE is damaged");
  writeFileSync(certFile, whole);
  renew(certificate, -1);
  expect((await doctor(env)).of("tls")).toMatchObject({ state: "FAIL" });
  await vault.close();
  rmSync(certificate.folder, { recursive: true });
}, 90_000);

test("development is taken for granted in the folder of its vault, and nothing is made where there is none", async () => {
  const none = await doctor({}, ["--dev"]);
  expect(none.of("settings")).toMatchObject({
    ...{ state: "FAIL", next: "zsc serve --dev" },
    detail: ".zsc/master.key does not exist: a development server makes it when it starts",
  });
  expect((await doctor({})).of("settings")?.detail).toMatch(/must be set in production/);
  expect(existsSync(join(cwd, ".zsc"))).toBe(false);
  const server = startZsc(["serve", "--dev"], { ZSC_LISTEN: "127.0.0.1:0" }, cwd);
  await server.logged("listening");
  const running = await doctor({});
  expect([running.code, running.of("settings")?.detail]).toEqual([0, "development, keys and data in .zsc"]);
  await server.end();
  expect((await doctor({})).code).toBe(0);
  chmodSync(join(cwd, ".zsc"), 0o755);
  expect((await doctor({})).of("settings")?.detail).toBe(".zsc is open to other users: chmod 700 .zsc");
}, 90_000);
