import { existsSync } from "node:fs";
import { cleanUpDatabases, dropDatabase, freshMysqlUrl, freshSqliteUrl, removeDirectory } from "./databases.ts";
import { type MariaDb, openMariaDb } from "./mariadb.ts";
import { queryText } from "./mysql-admin.ts";

afterAll(cleanUpDatabases);

describe("a private MariaDB", () => {
  let server: MariaDb;

  beforeAll(async () => {
    server = await openMariaDb();
  });
  afterAll(async () => {
    await server?.dispose();
  });

  it("keeps committed rows and its port when it is killed and started again", async () => {
    const url = await server.createDatabase();
    await queryText(url, "CREATE TABLE t (n INT PRIMARY KEY)");
    await queryText(url, "INSERT INTO t VALUES (1), (2)");
    const { pid, port } = server;
    await server.kill();
    expect(server.pid).toBeUndefined();
    await expect(queryText(url, "SELECT 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await server.start();
    expect(server.pid).not.toBe(pid);
    expect(server.port).toBe(port);
    expect(await queryText(url, "SELECT n FROM t ORDER BY n")).toEqual([["1"], ["2"]]);
  });

  it("starts again after a clean stop", async () => {
    await server.stop();
    expect(server.pid).toBeUndefined();
    await server.start();
    expect(await queryText(server.url(), "SELECT 1")).toEqual([["1"]]);
  });

  it("lets only its own account in and syncs every commit", async () => {
    const accounts = await queryText(
      server.url(),
      "SELECT User, Host FROM mysql.user WHERE User NOT LIKE '%.%' ORDER BY Host",
    );
    expect(accounts).toEqual([
      ["zsc", "127.0.0.1"],
      ["zsc", "localhost"],
    ]);
    expect(await queryText(server.url(), "SELECT @@innodb_flush_log_at_trx_commit")).toEqual([["1"]]);
  });

  it("says in its own words why it does not start", async () => {
    await expect(openMariaDb({ args: ["--no-such-option"] })).rejects.toThrow("unknown option '--no-such-option'");
  });
});

describe("the databases of a test suite", () => {
  it("are isolated from each other on the server of the run", async () => {
    const [one, other] = [await freshMysqlUrl(), await freshMysqlUrl()];
    await queryText(one, "CREATE TABLE t (n INT PRIMARY KEY)");
    expect(await queryText(one, "SHOW TABLES")).toEqual([["t"]]);
    expect(await queryText(other, "SHOW TABLES")).toEqual([]);
  });

  it("are gone when they are dropped", async () => {
    const url = await freshMysqlUrl();
    await dropDatabase(url);
    await expect(queryText(url, "SELECT 1")).rejects.toMatchObject({ code: "ER_BAD_DB_ERROR" });
  });

  it("are files in a folder of their own on SQLite", async () => {
    const { url, dir } = await freshSqliteUrl();
    expect(url).toBe(`sqlite:${dir}/zsc.db`);
    expect(existsSync(dir)).toBe(true);
    await removeDirectory(dir);
    expect(existsSync(dir)).toBe(false);
  });
});
