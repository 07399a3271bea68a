import { cleanUpDatabases } from "../support/databases.ts";
import { rowAfter } from "../support/ledger.ts";
import { fillLog, lastSeq, oddName, seqOf } from "./eventful-log.ts";
import { databaseKinds, insertRow, type OpenVault, openVault, type Statement, snapshotOf } from "./open-vault.ts";

afterAll(cleanUpDatabases);

const notUtf8 = "FF";

describe.each(databaseKinds)("on %s", (kind) => {
  let vault: OpenVault;

  beforeAll(async () => {
    vault = await openVault(kind);
    await fillLog(vault);
    await vault.keep();
  });
  afterEach(() => vault.restore());
  afterAll(() => vault?.close());

  /** Bytes as text, whatever they are. */
  const text = (hex: string) => (kind === "SQLite" ? `CAST(X'${hex}' AS TEXT)` : `X'${hex}'`);
  /** SQL that puts bytes that are not UTF-8 in the place of U+FFFD, which decodes to the same text. */
  const unmended = (column: string) =>
    kind === "SQLite"
      ? `CAST(unhex(replace(hex(${column}), 'EFBFBD', '${notUtf8}')) AS TEXT)`
      : `UNHEX(REPLACE(HEX(${column}), 'EFBFBD', '${notUtf8}'))`;
  const verified = async (...statements: readonly Statement[]) => {
    await vault.sql(...statements);
    return await vault.verify();
  };
  /** Gives the log one more row, with all hashes right and the head moved. */
  const append = async (fields: Parameters<typeof rowAfter>[1]) => {
    const last = (await vault.rows()).at(-1);
    if (last === undefined) {
      throw new Error("the log is empty");
    }
    const { rowHash: prevHash, ...columns } = last;
    const row = rowAfter(last, { ...columns, seq: last.seq + 1, prevHash, ...fields });
    return await verified(insertRow(row), ["UPDATE audit_head SET seq = ?, row_hash = ?", row.seq, row.rowHash]);
  };

  test.each(["origin_id", "payload_json"])(
    "bytes in %s that decode to the very same text are named",
    async (column) => {
      const { broken } = await verified([
        `UPDATE audit_log SET ${column} = ${unmended(column)} WHERE seq = ${seqOf.lastChangeOfOdd}`,
      ]);
      expect(broken).toMatchObject({ seq: seqOf.lastChangeOfOdd });
    },
  );

  test.each(["purpose_tag"])("bytes in a secret's %s that decode to the very same text are named", async (column) => {
    const { differences } = await verified([
      `UPDATE secret SET ${column} = ${unmended(column)} WHERE name = ?`,
      oddName,
    ]);
    expect(differences).toMatchObject([{ name: oddName }]);
  });

  test("a name whose bytes decode to that of another secret is named", async () => {
    const { differences } = await verified([`UPDATE secret SET name = ${unmended("name")} WHERE name = ?`, oddName]);
    expect(differences.map(({ seq }) => seq)).toEqual([null, seqOf.lastChangeOfOdd]);
  });

  test.each(["61006200", "FF00FE", "C3", "EDA080", "F4908080"])("the bytes %s in any column are named", async (hex) => {
    for (const column of ["origin_id", "actor_zid", "payload_json", "proof_purpose"]) {
      const { broken } = await verified([`UPDATE audit_log SET ${column} = ${text(hex)} WHERE seq = 3`]);
      expect(broken).toMatchObject({ seq: 3 });
      await vault.restore();
    }
  });

  test("names that are no UTF-8 do not keep it from reaching the end", async () => {
    const rows = Array.from({ length: 300 }, (_, index): Statement => {
      const name = text(`FF${index.toString(16).padStart(4, "0")}FF`);
      return [`INSERT INTO secret VALUES ('${index}', ${name}, NULL, 'Z', '[]', NULL, 1, X'00', X'00', 't', 't')`];
    });
    const { secrets, differences } = await verified(...rows);
    expect(secrets).toBe(305);
    expect(differences).toHaveLength(20);
  });

  test.each(kind === "SQLite" ? [0, -1, -9_007_199_254_740_991] : [0])("a row of the seq %s is named", async (seq) => {
    const { broken } = await verified(["UPDATE audit_log SET seq = ? WHERE seq = 9", seq]);
    expect(broken).toEqual({ seq, why: "the row has no place in the chain" });
  });

  test("numbers beyond 2^53 are met once each", async () => {
    const seqs = ["9007199254740993", "9007199254740995", "9223372036854775807"];
    const now = vault.clock.now().zeqond;
    const { differences } = await verified(
      ...seqs.map((seq): Statement => [`INSERT INTO denial VALUES (${seq}, 'ZEQ-1', ${now})`]),
      ["UPDATE secret SET version = 9223372036854775807, expires_zeqond = 9223372036854775807 WHERE name = 'a'"],
    );
    expect(differences.map(({ name }) => name)).toEqual(["a", null, null, null]);
    const { broken } = await verified(["UPDATE audit_log SET seq = 9007199254740993 WHERE seq = 9"]);
    expect(broken).toMatchObject({ seq: 9 });
  });

  test.each(["not JSON", "", "null", "[]", '{"version":1}', '{"version":1,"sealed_digest":{"toString":1}}'])(
    "the payload %j, with all hashes right, is no change of a secret",
    async (payloadJson) => {
      const { broken, differences } = await append({ transitionType: "secret_set", payloadJson });
      expect(broken).toBeNull();
      expect(differences).toMatchObject([{ name: "b", seq: lastSeq + 1 }]);
    },
  );

  test("a payload of 8 MB is verified like any other", async () => {
    const payloadJson = JSON.stringify({ text: "é".repeat(4_194_304) });
    expect(await append({ payloadJson })).toMatchObject({ rows: lastSeq + 1, broken: null, differences: [] });
    expect(await verified(["UPDATE audit_log SET zeqond_number = 1 WHERE seq = ?", lastSeq + 1])).toMatchObject({
      broken: { seq: lastSeq + 1 },
    });
  });

  test("a head of which nothing is left is told as such", async () => {
    await vault.sql(["DELETE FROM audit_head"]);
    await expect(snapshotOf(vault.url)).rejects.toThrow("the head of the audit log is gone");
  });
});
