import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { fillLog, lastSeq } from "../audit/eventful-log.ts";
import { databaseKinds, openVault } from "../audit/open-vault.ts";
import { type Finished, runZsc } from "../e2e/support/zsc-process.ts";
import { cleanUpDatabases, freshMysqlUrl, freshSqliteUrl } from "../support/databases.ts";
import { queryText } from "../support/mysql-admin.ts";

// `zsc audit verify` as an operator starts it: the built program, in a process of its own.

afterAll(cleanUpDatabases);

function verify(url: string, ...args: readonly string[]): Promise<Finished> {
  return runZsc(["audit", "verify", ...args], { ZSC_DATABASE_URL: url });
}

/** What the operator is told: exit code 2, a sentence on standard error and what to do next, no stack, no password. */
function messageOf({ code, stdout, stderr }: Finished): string {
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^zsc: .+\n {2}next: zsc doctor --server\n$/);
  expect(stderr).not.toMatch(/ at .*:\d+|a bug|hush-hush/);
  return stderr.split("\n")[0] ?? "";
}

async function overwrite(path: string, position: number, bytes: Buffer): Promise<void> {
  const file = await open(path, "r+");
  await file.write(bytes, 0, bytes.length, position);
  await file.close();
}

describe.each(databaseKinds)("on %s", (kind) => {
  test("a whole vault is exit code 0, and one that was tampered with exit code 1", async () => {
    const vault = await openVault(kind);
    await fillLog(vault);
    await vault.close();
    const whole = await verify(vault.url);
    expect(whole).toMatchObject({ code: 0, stdout: expect.stringMatching(/\nok\n$/), stderr: "" });
    await vault.sql(["DELETE FROM audit_log WHERE seq = 9"]);
    const broken = await verify(vault.url, "--json");
    expect(broken).toMatchObject({ code: 1, stderr: "" });
    expect(JSON.parse(broken.stdout)).toMatchObject({ ok: false, broken: { seq: 9, why: "the row is missing" } });
  });
});

describe("on SQLite it says what is wrong with", () => {
  test("a file that is not there, and makes none", async () => {
    const { url, dir } = await freshSqliteUrl();
    const message = messageOf(await verify(url));
    expect(message).toBe(
      `zsc: The SQLite database ${dir}/zsc.db cannot be read: there is no such file, or this user may not open it (SQLITE_CANTOPEN).`,
    );
    expect(await verify(url, "--json")).toMatchObject({ code: 2, stdout: "" });
  });

  test("a file that is no database", async () => {
    const { url, dir } = await freshSqliteUrl();
    await writeFile(join(dir, "zsc.db"), "this is no database".repeat(100));
    expect(messageOf(await verify(url))).toContain("zsc.db cannot be read: SQLite failed with SQLITE_NOTADB.");
  });

  test("a database without our tables", async () => {
    const { url, dir } = await freshSqliteUrl();
    new Database(join(dir, "zsc.db")).exec("CREATE TABLE t (n INTEGER)").close();
    expect(messageOf(await verify(url))).toContain("zsc.db cannot be read: it holds no audit log.");
  });

  test("pages of the file that are damaged", async () => {
    const vault = await openVault("SQLite");
    await fillLog(vault);
    await vault.close();
    const path = vault.url.slice("sqlite:".length);
    const database = new Database(path);
    const root = Number(database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'audit_log'").pluck().get());
    const pageBytes = Number(database.pragma("page_size", { simple: true }));
    database.close();
    await overwrite(path, (root - 1) * pageBytes, Buffer.alloc(pageBytes, 0xff));
    const message = messageOf(await verify(vault.url));
    expect(message).toBe("zsc: The database cannot be read to its end: SQLite failed with SQLITE_CORRUPT.");
  });
});

describe("on MariaDB", () => {
  test("a server that is not there is told at once", async () => {
    const message = messageOf(await verify("mysql://zsc:hush-hush@127.0.0.1:1/vault"));
    expect(message).toBe(
      "zsc: The database 127.0.0.1:1/vault cannot be read: the database does not listen at its host and port (ECONNREFUSED): start it, or correct host and port in ZSC_DATABASE_URL.",
    );
  });

  test("a wrong password is told, and not shown", async () => {
    const url = new URL(await freshMysqlUrl());
    url.password = "hush-hush";
    expect(messageOf(await verify(url.href))).toContain("refuses the user or the password (ER_ACCESS_DENIED_ERROR)");
  });

  test("a database that is not there is told", async () => {
    const url = new URL(await freshMysqlUrl());
    url.pathname = "/zsc_no_such_database";
    expect(messageOf(await verify(url.href))).toContain(
      "/zsc_no_such_database cannot be read: the database does not exist on its server (ER_",
    );
  });

  test("a database without our tables is told", async () => {
    const message = messageOf(await verify(await freshMysqlUrl()));
    expect(message).toContain("cannot be read: it holds no audit log that this account may read.");
  });

  test("an account that may only read can verify", async () => {
    const vault = await openVault("MariaDB");
    await fillLog(vault);
    await vault.close();
    const database = new URL(vault.url).pathname.slice(1);
    const account = `'${database}'@'%'`;
    await queryText(vault.url, `CREATE USER ${account} IDENTIFIED BY 'hush-hush'`);
    try {
      await queryText(vault.url, `GRANT SELECT ON ${database}.* TO ${account}`);
      const auditor = new URL(vault.url);
      auditor.username = database;
      auditor.password = "hush-hush";
      await expect(queryText(auditor.href, "DELETE FROM denial")).rejects.toThrow("denied");
      const { code, stdout, stderr } = await verify(auditor.href, "--json");
      expect([code, stderr]).toEqual([0, ""]);
      expect(JSON.parse(stdout)).toMatchObject({ ok: true, rows: lastSeq, secrets: 5 });
    } finally {
      await queryText(vault.url, `DROP USER ${account}`);
    }
  });
});

describe("the command line", () => {
  test("an option that it does not know is exit code 2", async () => {
    const { code, stdout, stderr } = await verify("sqlite:x", "--all");
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("unknown option '--all'");
  });

  test("a missing setting is exit code 2 and named", async () => {
    const { code, stdout, stderr } = await runZsc(["audit", "verify"], {});
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("ZSC_DATABASE_URL");
    expect(stderr).not.toContain("    at ");
  });
});
