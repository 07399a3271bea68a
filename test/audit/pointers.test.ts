import { readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import fc from "fast-check";
import { PointerSums } from "../../src/audit/pointers.ts";
import { openStore } from "../../src/compose.ts";
import { parseDatabaseUrl } from "../../src/config/database-url.ts";
import { setSecret } from "../../src/secrets/set.ts";
import { addBeforeSeq, fillOrigins } from "../../src/store/sqlite/origins.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { admin, load, plain, testSealer } from "../support/ledger.ts";
import { generateRows } from "./generated-log.ts";
import { databaseKinds, type OpenVault, openVault, type Statement } from "./open-vault.ts";

const rows = 600;
const name = "service-3/database-password";
const originId = `zsc:${name}`;

afterAll(cleanUpDatabases);

const pointer = (seq: number | null) => ({ name: null, seq, why: expect.stringContaining("pointer says") });

describe.each(databaseKinds)("on %s,", (kind) => {
  let vault: OpenVault;
  let ofName: readonly number[];
  beforeAll(async () => {
    vault = await openVault(kind);
    await generateRows(vault, rows);
    const all = await vault.rows();
    const [origin] = all.filter((row) => row.originId.endsWith(name)).map((row) => row.originId);
    expect(origin).toBe(originId);
    ofName = all.filter((row) => row.originId === originId).map(({ seq }) => seq);
    expect(ofName.length).toBeGreaterThan(15);
  });
  afterAll(() => vault.close());

  const head = async () => (await vault.store.inventory()).head;
  const listed = async (typePrefix = "", beforeSeq?: number, limit = 1_000) => {
    const about = { originId, typePrefix, ...(beforeSeq === undefined ? {} : { beforeSeq }) };
    return (await vault.store.auditRows(about, limit, await head())).map(({ seq }) => seq);
  };
  const newestFirst = () => [...ofName].reverse();

  /** Rows of a name that stand in the middle of them. */
  const middle = () => ofName[8] as number;
  const setBefore = (value: string): Statement => [
    `UPDATE audit_log SET before_seq = ${value} WHERE seq = ?`,
    middle(),
  ];
  const setLast = (value: string): Statement => [
    `UPDATE audit_origin SET last_seq = ${value} WHERE origin_id = ?`,
    originId,
  ];

  describe("rows of a name", () => {
    test("are found from the last one back, in pages and by type", async () => {
      expect(await listed()).toEqual(newestFirst());
      expect(await listed("", middle(), 3)).toEqual(
        newestFirst()
          .filter((seq) => seq < middle())
          .slice(0, 3),
      );
      // A page may begin anywhere.
      expect(await listed("", middle() + 1)).toEqual(newestFirst().filter((seq) => seq <= middle()));
      const reads = (await vault.rows()).filter(
        (row) => row.originId === originId && row.transitionType === "secret_read",
      );
      expect(await listed("secret_read")).toEqual(reads.map(({ seq }) => seq).reverse());
      expect(await listed("secret_read", undefined, 2)).toHaveLength(2);
      expect(await vault.store.auditRows({ originId: "zsc:none", typePrefix: "" }, 9, await head())).toEqual([]);
    });

    test("are whole, and verified", async () => {
      expect(await vault.verify()).toMatchObject({
        broken: null,
        differences: expect.not.arrayContaining([pointer(null)]),
      });
    });
  });

  describe("a pointer that was changed by hand is a finding of its own:", () => {
    let before: Awaited<ReturnType<OpenVault["verify"]>>;
    beforeAll(async () => {
      before = await vault.verify();
    });
    afterEach(() => vault.sql());

    test.each([
      ["no pointer", () => setBefore("NULL"), true],
      ["to no row", () => setBefore("0"), false],
      ["to itself", () => setBefore("seq"), true],
      ["to a later row", () => setBefore("seq + 1"), true],
      ["below 0, or beyond all numbers", () => setBefore(kind === "SQLite" ? "-1" : "18446744073709551615"), true],
      ["to a row of another name", () => setBefore(String((ofName[0] as number) - 1)), true],
      ["past a row of the same name", () => setBefore(String(ofName[5])), false],
    ])("of a row, %s", async (_what, statement, isShown) => {
      await vault.sqlAlone(statement());
      const { broken, differences } = await vault.verify();
      expect(broken).toBeNull();
      expect(differences).toEqual([...before.differences, pointer(middle())]);
      // It hides none of the rows where it cannot be right.
      const found = await listed();
      expect(found.slice(0, 5)).toEqual(newestFirst().slice(0, 5));
      expect(found.length === ofName.length).toBe(isShown);
    });

    test.each([
      ["to no row", () => setLast("0")],
      ["to an earlier row", () => setLast(String(ofName[9]))],
      ["to a row of another name", () => setLast(String((ofName[0] as number) - 1))],
      ["beyond the log", () => setLast("999999")],
      ["gone", (): Statement => ["DELETE FROM audit_origin WHERE origin_id = ?", originId]],
      [
        "of a name that the log does not have",
        (): Statement => ["INSERT INTO audit_origin (origin_id, last_seq) VALUES ('zsc:|', 3)"],
      ],
    ])("of a name, %s", async (_what, statement) => {
      await vault.sqlAlone(statement());
      const { broken, differences } = await vault.verify();
      expect(broken).toBeNull();
      expect(differences).toEqual([...before.differences, pointer(null)]);
    });

    test("two that were exchanged", async () => {
      const [one, other] = [ofName[4] as number, ofName[10] as number];
      const [before4, before10] = [ofName[3], ofName[9]];
      await vault.sqlAlone(
        ["UPDATE audit_log SET before_seq = ? WHERE seq = ?", before10, one],
        ["UPDATE audit_log SET before_seq = ? WHERE seq = ?", before4, other],
      );
      expect((await vault.verify()).differences).toEqual([...before.differences, pointer(one), pointer(other)]);
    });
  });
});

test("a pointer below 0 is found also where the rest of its block reads like a right one", async () => {
  // Row 21, the last of its block, is the first of its name. Its pointer reads as 0, which is right, and a number more.
  const other = await openVault("SQLite");
  await generateRows(other, 21);
  const before = await other.verify();
  const origins = (await other.rows()).map((row) => row.originId);
  expect(origins.indexOf(origins[20] as string)).toBe(20);
  await other.sqlAlone(["UPDATE audit_log SET before_seq = -1 WHERE seq = 21"]);
  const { broken, differences } = await other.verify();
  expect(broken).toBeNull();
  expect(differences).toEqual([...before.differences, pointer(21)]);
  await other.close();
});

test("the sums are 0 for right pointers and, for any change of one, not", () => {
  const log = fc.array(fc.constantFrom("a", "b", "a|", "ab", "é"), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(log, fc.nat(), fc.nat(), (origins, at, shift) => {
      const bytes = origins.map((origin) => Buffer.from(origin));
      const before = origins.map((origin, index) => origins.lastIndexOf(origin, index - 1) + 1);
      if (origins[0] !== undefined) {
        before[0] = 0;
      }
      const sumsOf = (pointers: readonly number[]) => {
        const sums = new PointerSums();
        for (const [index, pointer] of pointers.entries()) {
          const origin = bytes[index] as Buffer;
          sums.addRow(origin, 0, origin.length, index + 1, pointer);
        }
        for (const origin of new Set(origins)) {
          sums.addLast(Buffer.from(origin), origins.lastIndexOf(origin) + 1);
        }
        return sums.areRight;
      };
      expect(sumsOf(before)).toBe(true);
      const changed = [...before];
      const index = at % changed.length;
      changed[index] = ((changed[index] as number) + 1 + (shift % origins.length)) % (origins.length + 1);
      expect(sumsOf(changed)).toBe(changed[index] === before[index]);
    }),
  );
});

describe.each(databaseKinds)("a log of schema 2, on %s,", (kind) => {
  /** Makes the database what version 2 had left. */
  const downgrade: readonly Statement[] = [
    [
      kind === "SQLite"
        ? `CREATE TABLE read_counter (secret_id TEXT NOT NULL PRIMARY KEY, read_count INTEGER NOT NULL,
             last_read_zeqond INTEGER) STRICT, WITHOUT ROWID`
        : `CREATE TABLE read_counter (secret_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
             read_count BIGINT UNSIGNED NOT NULL, last_read_zeqond BIGINT UNSIGNED NULL)`,
    ],
    ["DROP TABLE audit_origin"],
    ["ALTER TABLE audit_log DROP COLUMN before_seq"],
    ["CREATE INDEX audit_log_by_origin ON audit_log (origin_id, seq)"],
    ["UPDATE schema_version SET version = 2"],
  ];
  /** As a start that was interrupted has left it. */
  const interrupted: readonly Statement[] =
    kind === "SQLite"
      ? [
          ["ALTER TABLE audit_log ADD COLUMN before_seq INTEGER"],
          [
            "CREATE TABLE audit_origin (origin_id TEXT NOT NULL PRIMARY KEY, last_seq INTEGER NOT NULL) STRICT, WITHOUT ROWID",
          ],
        ]
      : [
          ["ALTER TABLE audit_log ADD COLUMN before_seq BIGINT UNSIGNED NULL"],
          [
            `CREATE TABLE audit_origin (origin_id VARBINARY(1100) NOT NULL PRIMARY KEY, last_seq BIGINT UNSIGNED NOT NULL,
               read_count BIGINT UNSIGNED NOT NULL DEFAULT 0, last_read_zeqond BIGINT UNSIGNED NULL) ROW_FORMAT=DYNAMIC`,
          ],
        ];
  const filled: readonly Statement[] = [
    [
      "INSERT INTO audit_origin (origin_id, last_seq) SELECT origin_id, MAX(seq) FROM audit_log WHERE seq <= 20000 GROUP BY origin_id",
    ],
    kind === "SQLite"
      ? [
          `UPDATE audit_log SET before_seq = p.before_seq FROM
             (SELECT seq, COALESCE(LAG(seq) OVER (PARTITION BY origin_id ORDER BY seq), 0) AS before_seq FROM audit_log) p
           WHERE p.seq = audit_log.seq AND audit_log.seq <= 20000`,
        ]
      : [
          `UPDATE audit_log l JOIN
             (SELECT seq, COALESCE(LAG(seq) OVER (PARTITION BY origin_id ORDER BY seq), 0) AS before_seq FROM audit_log) p
           ON p.seq = l.seq SET l.before_seq = p.before_seq WHERE l.seq <= 20000`,
        ],
  ];
  const counted: Statement = [`INSERT INTO read_counter SELECT id, 7, 99 FROM secret WHERE name = 'counted'`];
  const wrongPointers = async (vault: OpenVault) => {
    const { broken, differences } = await vault.verify();
    expect(broken).toBeNull();
    return differences.filter(({ why }) => why.includes("pointer says"));
  };

  test.each([
    ["from its beginning", [], 0],
    ["from where an interrupted start had come", [...interrupted, ...filled], 20_000],
  ])("is given its pointers %s, keeps its counters, and says how far it is", async (_what, prepare, first) => {
    const old = await openVault(kind);
    await old.run(setSecret({ name: "counted", value: plain("v") }, admin, testSealer()));
    await generateRows(old, 44_999);
    await old.store.close();
    await old.sqlAlone(...downgrade, counted, ...prepare);
    expect((await old.verify()).broken).toBeNull();
    const told: number[] = [];
    const store = await openStore(parseDatabaseUrl(old.url, String), (_from, progress) => {
      if (progress !== undefined) {
        told.push(progress.done);
      }
    });
    expect(told[0]).toBe(first);
    expect(told.at(-1)).toBe(45_000);
    expect(await wrongPointers(old)).toEqual([]);
    expect((await load(store, { secrets: ["counted"] })).secrets.get("counted")).toMatchObject({
      readCount: 7,
      lastReadZeqond: 99,
    });
    await store.close();
  });

  test("is given right pointers once more by what docs/operations.md says", async () => {
    const operations = readFileSync(join(__dirname, "../../docs/operations.md"), "utf8");
    const [, repair = ""] = /`(UPDATE audit_log SET before_seq = NULL; [^`]*)`/.exec(operations) ?? [];
    const vault = await openVault(kind);
    await vault.run(setSecret({ name: "counted", value: plain("v") }, admin, testSealer()));
    await generateRows(vault, 1_000);
    await vault.store.close();
    await vault.sqlAlone(
      ["UPDATE audit_origin SET read_count = 7"],
      ["UPDATE audit_log SET before_seq = 1 WHERE seq > 500"],
      ["INSERT INTO audit_origin (origin_id, last_seq) VALUES ('zsc:|', 3)"],
    );
    expect(await wrongPointers(vault)).not.toEqual([]);
    await vault.sqlAlone(...repair.split("; ").map((sql): Statement => [sql]));
    const store = await openStore(parseDatabaseUrl(vault.url, String));
    expect(await wrongPointers(vault)).toEqual([]);
    expect((await load(store, { secrets: ["counted"] })).secrets.get("counted")?.readCount).toBe(7);
    await store.close();
  });

  test("is given its pointers by two servers that start at once", async () => {
    const old = await openVault(kind);
    await generateRows(old, 65_000);
    await old.store.close();
    await old.sqlAlone(...downgrade);
    if (kind === "SQLite") {
      const [one, other] = [new Database(pathOf(old)), new Database(pathOf(old))];
      addBeforeSeq.run(one);
      let hasBegun = false;
      fillOrigins.prepare?.(one, ({ done }) => {
        if (done > 0 && !hasBegun) {
          hasBegun = true;
          fillOrigins.prepare?.(other, () => undefined);
        }
      });
      expect(hasBegun).toBe(true);
      one.close();
      other.close();
    } else {
      const stores = await Promise.all([1, 2, 3].map(() => openStore(parseDatabaseUrl(old.url, String))));
      await Promise.all(stores.map((store) => store.close()));
    }
    expect(await wrongPointers(old)).toEqual([]);
  });
});

function pathOf({ url }: OpenVault): string {
  return url.slice("sqlite:".length);
}
