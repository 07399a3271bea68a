import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import Database from "better-sqlite3";
import { tables } from "../../src/secrets/tables.ts";
import { mysqlMigrations } from "../../src/store/mysql/migrations.ts";
import { openMysqlStore } from "../../src/store/mysql/store.ts";
import { sqliteMigrations } from "../../src/store/sqlite/migrations.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { cleanUpDatabases, freshMysqlUrl, freshSqliteUrl } from "../support/databases.ts";
import { withConnection } from "../support/mysql-admin.ts";
import { mysqlOptionsOf } from "../support/places.ts";

// Released steps never change. The golden file of a new step is written by the first run that does not find it.

const steps = [
  ...sqliteMigrations(tables).map(({ version, statements }) => ({ file: `sqlite-${version}.sql`, statements })),
  ...mysqlMigrations(tables).map(({ version, statements }) => ({
    file: `mysql-${version}.sql`,
    statements: statements.map((statement) => (typeof statement === "string" ? statement : statement.sql)),
  })),
];

const oneLine = (statement: string) => statement.replace(/\s+/g, " ").replace(/\( /g, "(").replace(/ \)/g, ")").trim();

afterAll(cleanUpDatabases);

test.each(steps)("the step $file is what was released", ({ file, statements }) => {
  const path = join(__dirname, "golden", file);
  const text = `${statements.map(oneLine).join(";\n")};\n`;
  if (!existsSync(path) && process.env["CI"] === undefined) {
    writeFileSync(path, text);
  }
  expect(text).toBe(readFileSync(path, "utf8"));
});

const fixture = (kind: string) => gunzipSync(readFileSync(join(__dirname, `../fixtures/schema-1.${kind}.gz`)));

describe("a database of the first schema, once migrated, has the schema of a new one:", () => {
  test("SQLite", async () => {
    const schemaOf = (path: string) => {
      const database = new Database(path, { readonly: true });
      const rows = database.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").raw().all();
      database.close();
      return rows.map((row) => (row as (string | null)[]).map((text) => text && oneLine(text)));
    };
    const places = await Promise.all([freshSqliteUrl(), freshSqliteUrl()]);
    const [old = "", fresh = ""] = places.map(({ url }) => url.slice("sqlite:".length));
    writeFileSync(old, fixture("sqlite"));
    for (const path of [old, fresh]) {
      await openSqliteStore(path, tables).close();
    }
    expect(schemaOf(old)).toEqual(schemaOf(fresh));
  });

  test("MariaDB", async () => {
    const schemaOf = (url: string) =>
      withConnection(url, async (connection) => {
        const [found] = await connection.query({ sql: "SHOW TABLES", rowsAsArray: true });
        const texts: string[] = [];
        for (const [table] of found as unknown as string[][]) {
          const [rows] = await connection.query({ sql: `SHOW CREATE TABLE ${table}`, rowsAsArray: true });
          texts.push(String((rows as unknown as string[][])[0]?.[1]));
        }
        return texts;
      });
    const [old, fresh] = [await freshMysqlUrl(), await freshMysqlUrl()];
    await withConnection(`${old}?multipleStatements=true`, async (connection) => {
      await connection.query(fixture("mariadb").toString("utf8"));
    });
    for (const url of [old, fresh]) {
      await (await openMysqlStore(mysqlOptionsOf(url), tables)).close();
    }
    expect(await schemaOf(old)).toEqual(await schemaOf(fresh));
  });
});
