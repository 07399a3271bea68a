import { maxDifferences } from "../../src/audit/report.ts";
import { windowZeqonds } from "../../src/secrets/limiter.ts";
import { readSecret } from "../../src/secrets/read.ts";
import { rotateSecret } from "../../src/secrets/rotate.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { admin, testSealer } from "../support/ledger.ts";
import { fillLog, lastSeq, oddName, seqOf } from "./eventful-log.ts";
import { databaseKinds, type OpenVault, openVault, type Report, type Statement } from "./open-vault.ts";

afterAll(cleanUpDatabases);

/** A new value for each column of a secret's row, in SQL. */
const columnValues: Readonly<Record<string, string>> = {
  id: "'00000000-0000-4000-8000-000000000000'",
  purpose_tag: "NULL",
  bound_zid: "'ZEQ-THIEF'",
  permissions: `'["ZEQ-1","ZEQ-THIEF"]'`,
  expires_zeqond: "1",
  sealed_key: "X'00'",
  sealed_value: "X'00'",
  created_at: "'2026-05-17T13:11:14.278Z'",
  updated_at: "'2026-05-17T13:11:14.278Z'",
};

const altered = "its row in the vault was altered by hand";
const added = "the vault has it, the log does not: it was put there by hand";
const taken = "the log has it, the vault does not: it was taken out by hand";
const uncounted = "the limiter does not count a denial that the log has";
const miscounted = "the limiter counts a denial that the log does not have like this";

const copyOf = (column: string, from: string) => `(SELECT ${column} FROM kept_secret WHERE name = '${from}')`;

describe.each(databaseKinds)("on %s", (kind) => {
  let vault: OpenVault;

  beforeAll(async () => {
    vault = await openVault(kind);
    await fillLog(vault);
    await vault.keep();
  });
  afterEach(() => vault.restore());
  afterAll(() => vault?.close());

  const differencesAfter = async (...statements: readonly Statement[]): Promise<Report["differences"]> => {
    await vault.sql(...statements);
    const { broken, differences } = await vault.verify();
    expect(broken).toBeNull();
    return differences;
  };

  describe("the secret is named when", () => {
    const b = { name: "b", seq: seqOf.lastChangeOfB };

    test.each(Object.entries(columnValues))("its %s is changed", async (column, value) => {
      const differences = await differencesAfter([`UPDATE secret SET ${column} = ${value} WHERE name = 'b'`]);
      expect(differences).toEqual([{ ...b, why: altered }]);
    });

    test("its name is changed", async () => {
      expect(await differencesAfter(["UPDATE secret SET name = 'B' WHERE name = 'b'"])).toEqual([
        { name: "B", seq: null, why: added },
        { ...b, why: taken },
      ]);
    });

    test.each([
      ["back", 4, "the vault has version 4, the log 5: it was put back by hand"],
      ["forward", 6, "the vault has version 6, the log 5: it was altered by hand, or the end of the log was cut off"],
    ])("its version is moved %s", async (_where, version, why) => {
      const differences = await differencesAfter([`UPDATE secret SET version = ${version} WHERE name = 'a'`]);
      expect(differences).toEqual([{ name: "a", seq: seqOf.lastChangeOfA, why }]);
    });

    test("its permissions are only written in another way", async () => {
      const differences = await differencesAfter([
        `UPDATE secret SET permissions = '["ZEQ-1", "ZEQ-2"]' WHERE name = 'b'`,
      ]);
      expect(differences).toEqual([{ ...b, why: altered }]);
    });

    test("its row is put back as it was before", async () => {
      await vault.run(rotateSecret("a", admin, testSealer()));
      const why = "the vault has version 5, the log 6: it was put back by hand";
      const differences = await differencesAfter(
        ["DELETE FROM secret WHERE name = 'a'"],
        ["INSERT INTO secret SELECT * FROM kept_secret WHERE name = 'a'"],
      );
      expect(differences).toEqual([{ name: "a", seq: lastSeq + 1, why }]);
    });

    test("its row is put back as it was before, under the version of today", async () => {
      await vault.run(rotateSecret("a", admin, testSealer()));
      const differences = await differencesAfter(
        ["DELETE FROM secret WHERE name = 'a'"],
        ["INSERT INTO secret SELECT * FROM kept_secret WHERE name = 'a'"],
        ["UPDATE secret SET version = 6 WHERE name = 'a'"],
      );
      expect(differences).toEqual([{ name: "a", seq: lastSeq + 1, why: altered }]);
    });

    test("it is put back after it was deleted", async () => {
      const row = "'00000000-0000-4000-8000-000000000000', 'd', NULL, 'ZEQ-SYS', '[]', NULL, 1, X'00', X'00', 't', 't'";
      expect(await differencesAfter([`INSERT INTO secret VALUES (${row})`])).toEqual([
        { name: "d", seq: null, why: added },
      ]);
    });

    test("it is added as a copy of another", async () => {
      const differences = await differencesAfter([
        `INSERT INTO secret SELECT '00000000-0000-4000-8000-000000000000', 'copy', purpose_tag, 'ZEQ-THIEF', permissions,
           expires_zeqond, version, sealed_key, sealed_value, created_at, updated_at FROM kept_secret WHERE name = 'b'`,
      ]);
      expect(differences).toEqual([{ name: "copy", seq: null, why: added }]);
    });

    test("it is taken out", async () => {
      const differences = await differencesAfter(["DELETE FROM secret WHERE name IN ('due', ?)", oddName]);
      expect(differences).toEqual([
        { name: "due", seq: seqOf.lastChangeOfDue, why: taken },
        { name: oddName, seq: seqOf.lastChangeOfOdd, why: taken },
      ]);
    });

    test.each(["sealed_value", "sealed_key"])("it and another have their %s swapped", async (column) => {
      const differences = await differencesAfter(
        [`UPDATE secret SET ${column} = ${copyOf(column, "c")} WHERE name = 'b'`],
        [`UPDATE secret SET ${column} = ${copyOf(column, "b")} WHERE name = 'c'`],
      );
      expect(differences).toEqual([
        { ...b, why: altered },
        { name: "c", seq: seqOf.lastChangeOfC, why: altered },
      ]);
    });

    test("all are taken out, and more are added than a report can hold", async () => {
      const rows = Array.from(
        { length: 2 * maxDifferences },
        (_, index): Statement => [
          `INSERT INTO secret VALUES ('${index}', 'added ${index}', NULL, 'ZEQ-SYS', '[]', NULL, 1, X'00', X'00', 't', 't')`,
        ],
      );
      const differences = await differencesAfter(["DELETE FROM secret"], ...rows);
      expect(differences.map(({ why }) => why)).toEqual(Array(maxDifferences).fill(added));
    });
  });

  describe("the denial is named when", () => {
    const { denied } = seqOf;

    test("it is removed from what the limiter remembers", async () => {
      expect(await differencesAfter(["DELETE FROM denial WHERE seq = ?", denied])).toEqual([
        { name: null, seq: denied, why: uncounted },
      ]);
    });

    test("one is added that the log does not have", async () => {
      const now = vault.clock.now().zeqond;
      const differences = await differencesAfter([`INSERT INTO denial VALUES (4, 'ZEQ-1', ${now})`]);
      expect(differences).toEqual([{ name: null, seq: 4, why: miscounted }]);
    });

    test.each([
      ["zid", "'ZEQ-ANOTHER'"],
      ["zeqond", "zeqond - 1"],
      ["zeqond", "0"],
    ])("its %s becomes %s", async (column, value) => {
      const differences = await differencesAfter([`UPDATE denial SET ${column} = ${value} WHERE seq = ${denied}`]);
      expect(differences).toEqual([{ name: null, seq: denied, why: miscounted }]);
    });

    test("its seq is changed", async () => {
      const differences = await differencesAfter([`UPDATE denial SET seq = 1000 WHERE seq = ${denied}`]);
      expect(differences).toEqual([
        { name: null, seq: 1_000, why: miscounted },
        { name: null, seq: denied, why: uncounted },
      ]);
    });

    test("it has just not left the window, and no longer when it has", async () => {
      await vault.sql(["DELETE FROM denial"]);
      vault.clock.advanceZeqonds(windowZeqonds - 1);
      const before = await vault.verify();
      vault.clock.advanceZeqonds(1);
      const after = await vault.verify();
      vault.clock.advanceZeqonds(-windowZeqonds);
      expect(before.differences).toHaveLength(7);
      expect(after.differences).toEqual([]);
    });
  });

  describe("with a clock that was an hour ahead", () => {
    const hourZeqonds = 4_633;
    const stranger = "ZEQ-AHEAD";
    const denied = readSecret({ name: "b", zid: stranger, purpose: "read" }, testSealer());
    const recordedReasons = async () => {
      const rows = await vault.rows();
      return rows.filter(({ actorZid }) => actorZid === stranger).map(({ proofPurpose }) => proofPurpose);
    };

    beforeEach(async () => {
      vault.clock.advanceZeqonds(hourZeqonds);
      for (let time = 0; time < 6; time++) {
        await vault.run(denied);
      }
      vault.clock.advanceZeqonds(-hourZeqonds);
    });

    test("nobody is shut out once it is right again, nothing is forgotten, and all is whole", async () => {
      await vault.run(denied);
      expect(await recordedReasons()).toEqual([...Array(5).fill("denied"), "rate_limited", "denied"]);
      expect(await vault.verify()).toMatchObject({ broken: null, differences: [] });
      vault.clock.advanceZeqonds(hourZeqonds);
      await vault.run(denied);
      expect((await recordedReasons()).at(-1)).toBe("rate_limited");
      vault.clock.advanceZeqonds(-hourZeqonds);
    });

    test("the denials of others are still there, and are named when they are taken out by hand", async () => {
      expect(await vault.verify()).toMatchObject({ broken: null, differences: [] });
      const differences = await differencesAfter([`DELETE FROM denial WHERE zid <> '${stranger}'`]);
      expect(differences.map(({ why }) => why)).toEqual(Array(7).fill(uncounted));
    });

    test("a denial that is put into the future by hand is named", async () => {
      const zeqond = vault.clock.now().zeqond + hourZeqonds;
      const differences = await differencesAfter([`INSERT INTO denial VALUES (4, 'ZEQ-1', ${zeqond})`]);
      expect(differences).toEqual([{ name: null, seq: 4, why: miscounted }]);
    });
  });

  test("read counters are not compared: the log does not hold them", async () => {
    const differences = await differencesAfter(["UPDATE audit_origin SET read_count = 1000, last_read_zeqond = 1"]);
    expect(differences).toEqual([]);
  });
});
