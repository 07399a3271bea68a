import Database from "better-sqlite3";
import fc from "fast-check";
import { PointerSums } from "../../src/audit/pointers.ts";
import { tables } from "../../src/secrets/tables.ts";
import { addBeforeSeq, fillOrigins } from "../../src/store/sqlite/origins.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { derivePointers } from "../support/log-pointers.ts";
import { generateRows } from "./generated-log.ts";
import { type OpenVault, openVault, type Statement } from "./open-vault.ts";

const rows = 600;
const name = "service-3/database-password";
const originId = `zsc:${name}`;

let vault: OpenVault;
let ofName: readonly number[];
beforeAll(async () => {
  vault = await openVault("SQLite");
  await generateRows(vault, rows);
  const all = await vault.rows();
  const [origin] = all.filter((row) => row.originId.endsWith(name)).map((row) => row.originId);
  expect(origin).toBe(originId);
  ofName = all.filter((row) => row.originId === originId).map(({ seq }) => seq);
  expect(ofName.length).toBeGreaterThan(15);
});
afterAll(async () => {
  await vault.close();
  await cleanUpDatabases();
});

const head = async () => (await vault.store.inventory()).head;
const listed = async (typePrefix = "", beforeSeq?: number, limit = 1_000) => {
  const about = { originId, typePrefix, ...(beforeSeq === undefined ? {} : { beforeSeq }) };
  return (await vault.store.auditRows(about, limit, await head())).map(({ seq }) => seq);
};
const newestFirst = () => [...ofName].reverse();

/** Rows of a name that stand in the middle of them. */
const middle = () => ofName[8] as number;
const setBefore = (value: string): Statement => [`UPDATE audit_log SET before_seq = ${value} WHERE seq = ?`, middle()];
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

const pointer = (seq: number | null) => ({ name: null, seq, why: expect.stringContaining("pointer says") });

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
    ["below 0", () => setBefore("-1"), true],
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
    ["of a name that the log does not have", (): Statement => ["INSERT INTO audit_origin VALUES ('zsc:|', 3)"]],
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

describe("a log of the schema before", () => {
  /** Makes the file what version 2 had left. */
  const downgrade = (database: Database.Database) =>
    database.exec(`DROP TABLE audit_origin; ALTER TABLE audit_log DROP COLUMN before_seq;
      CREATE INDEX audit_log_by_origin ON audit_log (origin_id, seq); UPDATE schema_version SET version = 2`);
  const pathOf = ({ url }: OpenVault) => url.slice("sqlite:".length);

  test.each([
    ["from its beginning", () => undefined],
    [
      "from where an interrupted start had come",
      (database: Database.Database) => {
        database.exec("ALTER TABLE audit_log ADD COLUMN before_seq INTEGER");
        database.exec(
          "CREATE TABLE audit_origin (origin_id TEXT NOT NULL PRIMARY KEY, last_seq INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        );
        derivePointers(database);
        database.exec(
          "DELETE FROM audit_origin WHERE last_seq > 20000; UPDATE audit_log SET before_seq = NULL WHERE seq > 20000",
        );
        database.exec(
          `UPDATE audit_origin SET last_seq = (SELECT MAX(seq) FROM audit_log a WHERE a.origin_id = audit_origin.origin_id AND seq <= 20000)`,
        );
      },
    ],
  ])("is given its pointers %s, and says how far it is", async (_what, prepare) => {
    const old = await openVault("SQLite");
    await generateRows(old, 45_000);
    await old.store.close();
    const database = new Database(pathOf(old));
    downgrade(database);
    prepare(database);
    database.close();
    expect((await old.verify()).broken).toBeNull();
    const told: number[] = [];
    const store = openSqliteStore(pathOf(old), tables, (_from, progress) => {
      if (progress !== undefined) {
        told.push(progress.done);
      }
    });
    await store.close();
    expect(told.at(-1)).toBe(45_000);
    const { broken, differences } = await old.verify();
    expect(broken).toBeNull();
    expect(differences.filter(({ why }) => why.includes("pointer says"))).toEqual([]);
  });

  test("is given its pointers by two servers that start at once", async () => {
    const old = await openVault("SQLite");
    await generateRows(old, 65_000);
    await old.store.close();
    const [one, other] = [new Database(pathOf(old)), new Database(pathOf(old))];
    downgrade(one);
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
    const { broken, differences } = await old.verify();
    expect(broken).toBeNull();
    expect(differences.filter(({ why }) => why.includes("pointer says"))).toEqual([]);
  });
});
