import { cleanUpDatabases } from "../support/databases.ts";
import { fillLog, lastSeq } from "./eventful-log.ts";
import { generateRows } from "./generated-log.ts";
import { type OpenVault, openVault, type Statement } from "./open-vault.ts";

afterAll(cleanUpDatabases);

// Whoever can write the tables may be able to change them as well.

let vault: OpenVault | undefined;

afterEach(() => vault?.close());

async function filled(kind: "SQLite" | "MariaDB", ...statements: readonly Statement[]): Promise<OpenVault> {
  vault = await openVault(kind);
  await fillLog(vault);
  await vault.sql(...statements);
  return vault;
}

/** The same table without the types of its columns. */
function untyped(table: string): readonly Statement[] {
  return [[`ALTER TABLE ${table} RENAME TO typed_${table}`], [`CREATE TABLE ${table} AS SELECT * FROM typed_${table}`]];
}

describe("on SQLite with columns of any type", () => {
  const log = untyped("audit_log");
  const secrets = untyped("secret");

  test("what means the same text is the same", async () => {
    const same = await filled(
      "SQLite",
      ...log,
      ...secrets,
      ["UPDATE audit_log SET payload_json = CAST(payload_json AS BLOB), seq = CAST(seq AS TEXT)"],
      ["UPDATE audit_log SET seq = CAST(seq AS INTEGER)"],
      ["UPDATE secret SET expires_zeqond = CAST(expires_zeqond AS TEXT), name = CAST(name AS BLOB)"],
    );
    expect(await same.verify()).toMatchObject({ rows: lastSeq, broken: null, differences: [] });
  });

  test.each(["NULL", "1.5", "X'FF00'", "'text'"])("every column of a row can be %s and is named", async (value) => {
    const odd = await filled("SQLite", ...log);
    const columns = ["id", "zeqond_number", "payload_json", "proof_digest", "prev_hash", "row_hash", "created_at"];
    for (const column of columns) {
      await odd.sql([`UPDATE audit_log SET ${column} = ${value} WHERE seq = 7`]);
      expect(await odd.verify()).toMatchObject({ broken: { seq: 7 } });
      await odd.sql(["DELETE FROM audit_log"], ["INSERT INTO audit_log SELECT * FROM typed_audit_log"]);
    }
  });

  test.each(["NULL", "'NULL'", "'x'", "X'FF'"])("a row of the seq %s is named", async (value) => {
    const odd = await filled("SQLite", ...log, [`UPDATE audit_log SET seq = ${value} WHERE seq = 7`]);
    expect((await odd.verify()).broken?.seq).toBeLessThanOrEqual(7);
  });

  test.each(["NULL", "1.5", "X'FF00'", "'text'", "' 1'", "'01'"])(
    "every column of a secret can be %s and is named",
    async (value) => {
      const odd = await filled("SQLite", ...secrets, ["UPDATE secret SET purpose_tag = 'tag', expires_zeqond = 1"]);
      const columns = ["id", "purpose_tag", "expires_zeqond", "version", "sealed_key", "sealed_value", "updated_at"];
      for (const column of columns) {
        await odd.sql([`UPDATE secret SET ${column} = ${value} WHERE name = 'a'`]);
        const { differences } = await odd.verify();
        expect(differences.map(({ name }) => name)).toContain("a");
      }
    },
  );
});

describe("without unique indexes", () => {
  /** A log of a few pages that takes any row. */
  const lax = async (kind: "SQLite" | "MariaDB") => {
    vault = await openVault(kind);
    await generateRows(vault, 1_600);
    vault.clock.advanceZeqonds(1_000);
    await vault.sql(
      ...(kind === "SQLite" ? untyped("audit_log") : [["ALTER TABLE audit_log DROP PRIMARY KEY"] as const]),
    );
    return vault;
  };

  test.each([
    ["SQLite", 1],
    ["SQLite", 500],
    ["SQLite", 1_600],
    ["MariaDB", 1],
    ["MariaDB", 1_000],
    ["MariaDB", 1_001],
    ["MariaDB", 1_600],
  ] as const)("on %s a second row %d is named", async (kind, seq) => {
    const odd = await lax(kind);
    await odd.sql([`INSERT INTO audit_log SELECT * FROM audit_log WHERE seq = ${seq}`]);
    expect(await odd.verify()).toMatchObject({ broken: { seq, why: "the row has no place in the chain" } });
  });

  test("on MariaDB more secrets of one name than fit on a page are told as such", async () => {
    const copies = Array.from(
      { length: 205 },
      (_, index): Statement => [
        `INSERT INTO secret VALUES ('${index}', 'b', NULL, 'Z', '[]', NULL, 1, X'00', X'00', 't', 't')`,
      ],
    );
    const odd = await filled("MariaDB", ["ALTER TABLE secret DROP KEY secret_by_name"], ...copies);
    await expect(odd.verify()).rejects.toThrow("the table secret has lost its unique index");
  });
});
