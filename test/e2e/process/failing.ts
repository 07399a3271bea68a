import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { createConnection } from "mysql2/promise";
import { type MariaDb, openMariaDb } from "../../support/mariadb.ts";
import { queryText } from "../../support/mysql-admin.ts";
import { makeCertificate } from "../support/certificate.ts";
import { freshKeys } from "../support/tokens.ts";
import { openVault } from "../support/vault.ts";
import { type Environment, runZsc } from "../support/zsc-process.ts";

/** A start that fails ends, whatever it had begun: with exit code 1 and one sentence. */
export function failing(): void {
  const { masterKey, jwtSecret } = freshKeys();
  const settings = (url: string) => ({
    ZSC_LISTEN: "127.0.0.1:0",
    ZSC_MASTER_KEY: masterKey,
    ZSC_JWT_SECRET: jwtSecret,
    ZSC_DATABASE_URL: url,
  });

  async function expectEnd(env: Environment, sentence: RegExp): Promise<void> {
    const { code, signal, stderr } = await runZsc(["serve"], env);
    expect({ code, signal, stderr }).toEqual({ code: 1, signal: null, stderr: expect.stringMatching(sentence) });
    expect(stderr).toMatch(/^zsc: [^\n]+\n {2}next: zsc doctor --server\n$/);
    expect(stderr).not.toContain("a bug");
  }

  test("in development, when the token cannot be written, although it listens already", async () => {
    const dir = mkdtempSync(join(tmpdir(), "zsc-failing-"));
    mkdirSync(join(dir, "admin.jwt"));
    const env = { ZSC_MODE: "development", ZSC_DATA_DIR: dir, ZSC_LISTEN: "127.0.0.1:0" };
    await expectEnd(env, /admin\.jwt cannot be written \(EISDIR\)/);
    rmSync(dir, { recursive: true });
  });

  test("when its TLS files are none, or belong to different keys", async () => {
    const [one, other] = [makeCertificate(), makeCertificate()];
    const garbage = join(one.folder, "garbage.pem");
    writeFileSync(garbage, "no certificate", { mode: 0o600 });
    for (const [cert, key] of [
      [garbage, one.keyFile],
      [one.certFile, garbage],
      [one.certFile, other.keyFile],
      [join(one.folder, "nowhere"), one.keyFile],
    ] as const) {
      const tls = { ZSC_TLS_CERT_FILE: cert, ZSC_TLS_KEY_FILE: key };
      const { code, stderr } = await runZsc(["serve"], { ...settings(`sqlite:${join(one.folder, "zsc.db")}`), ...tls });
      expect([code, stderr]).toEqual([1, expect.stringContaining("ZSC_TLS_")]);
    }
    for (const { folder } of [one, other]) {
      rmSync(folder, { recursive: true });
    }
  });

  test("when another process holds the lock of the SQLite file", async () => {
    const vault = await openVault();
    await vault.process.end();
    const rival = new Database(vault.databaseUrl.slice("sqlite:".length));
    rival.exec("BEGIN IMMEDIATE");
    await expectEnd(vault.env, /The SQLite database .* cannot be opened/);
    rival.close();
    await vault.close();
  });

  test("when the database accepts connections and says nothing", async () => {
    const silent: Server = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    await expectEnd(settings(`mysql://u:p@127.0.0.1:${port}/zsc`), /cannot be opened/);
    silent.close();
  });

  describe("on MariaDB,", () => {
    let database: MariaDb;
    let url = "";
    beforeAll(async () => {
      database = await openMariaDb();
    }, 120_000);
    beforeEach(async () => {
      url = await database.createDatabase();
    });
    afterAll(() => database.dispose(), 60_000);

    test("when its port is taken", async () => {
      const other = await openVault();
      const env = { ...settings(url), ZSC_LISTEN: `127.0.0.1:${other.port}` };
      await expectEnd(env, /cannot be listened on \(EADDRINUSE\)\. Check ZSC_LISTEN\. Another program/);
      await other.close();
    });

    test("when its address is not this machine's", () =>
      expectEnd(
        { ...settings(url), ZSC_LISTEN: "192.0.2.1:7777" },
        /cannot be listened on \(EADDRNOTAVAIL\)\. .* does not have the address/,
      ));

    test("when the database is frozen", async () => {
      const pid = database.pid ?? 0;
      process.kill(pid, "SIGSTOP");
      try {
        await expectEnd(settings(url), /cannot be opened/);
      } finally {
        process.kill(pid, "SIGCONT");
      }
    });

    test.each(["key_check", "secret"])("when somebody has locked the table %s", async (table) => {
      const vault = await openVault({ databaseUrl: url });
      await vault.process.end();
      const rival = await createConnection({ uri: url });
      await rival.query(`LOCK TABLES ${table} WRITE`);
      try {
        await expectEnd(vault.env, /cannot be opened/);
      } finally {
        await rival.end();
        await vault.close();
      }
    });

    test("when it may not make its tables", async () => {
      const place = new URL(url).pathname.slice(1);
      await queryText(database.url(), "CREATE OR REPLACE USER 'reader'@'127.0.0.1' IDENTIFIED BY 'reader'");
      await queryText(database.url(), `GRANT SELECT ON ${place}.* TO 'reader'@'127.0.0.1'`);
      const account = new URL(url);
      Object.assign(account, { username: "reader", password: "reader" });
      await expectEnd(settings(account.href), /cannot be opened/);
    });
  });
}
