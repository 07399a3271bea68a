import { globSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../src/compose.ts";
import { parseDatabaseUrl } from "../../src/config/database-url.ts";
import { copyFixture, fixtures } from "../fixtures/fixture.ts";
import { queryTables } from "../fixtures/tables.ts";
import { cleanUpDatabases, freshMysqlUrl, freshSqliteUrl } from "../support/databases.ts";
import { normalised, readGolden, steps } from "./golden/steps.ts";

afterAll(cleanUpDatabases);

const golden = join(__dirname, "golden");

describe("a released step of the schema never changes", () => {
  test.each(steps)("$file", ({ file, statements }) => {
    const released = readGolden(golden, file);
    if (released === undefined) {
      throw new Error(
        `${file} is missing: a new step is released with it, and node test/store/golden/write.ts writes it`,
      );
    }
    expect(statements.map(normalised)).toEqual(released);
  });

  test("and is never taken away", () => {
    expect(globSync("*.sql", { cwd: golden }).toSorted()).toEqual(steps.map(({ file }) => file).toSorted());
  });
});

/** The definition of each table and index, as the database shows it. */
async function schemaOf(url: string): Promise<readonly string[]> {
  if (url.startsWith("sqlite:")) {
    const sql = "SELECT type, name, tbl_name, COALESCE(sql, '') FROM sqlite_schema ORDER BY type, name";
    return (await queryTables(url, sql)).map((row) => normalised(row.join(" ")));
  }
  const tables = await queryTables(
    url,
    "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name",
  );
  const shown = await Promise.all(tables.map(([table]) => queryTables(url, `SHOW CREATE TABLE ${table}`)));
  // No column has the default character set of its table, which is that of the server where the table was made.
  return shown.map(([row]) => normalised(row?.[1] ?? "").replace(/ DEFAULT CHARSET=.*$/, ""));
}

describe.each(fixtures)("a database of $what", (fixture) => {
  test("has the schema of a new one once it is migrated", async () => {
    const old = await copyFixture(fixture);
    const fresh = fixture.database === "SQLite" ? (await freshSqliteUrl()).url : await freshMysqlUrl();
    for (const url of [old, fresh]) {
      await (await openStore(parseDatabaseUrl(url, String))).close();
    }
    const schema = await schemaOf(fresh);
    expect(schema.length).toBeGreaterThan(6);
    expect(await schemaOf(old)).toEqual(schema);
  });
});
