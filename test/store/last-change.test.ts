import { systemClock } from "../../src/base/clock.ts";
import { payloadEndBytes } from "../../src/ledger/last-change.ts";
import { originIdOf } from "../../src/ledger/row.ts";
import { createSequencer } from "../../src/ledger/sequencer.ts";
import type { Store } from "../../src/ledger/store.ts";
import { setSecret } from "../../src/secrets/set.ts";
import { secrets } from "../../src/secrets/tables.ts";
import { mysqlTables } from "../../src/store/mysql/tables.ts";
import { selectLastChange } from "../../src/store/sqlite/tables.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { admin, auditRows, emptyHead, load, plain, rowAfter, rowsAfter, testSealer, write } from "../support/ledger.ts";
import { mysqlPlace, type NewPlace, type Place, sqlitePlace } from "../support/places.ts";

const kinds: readonly (readonly [string, NewPlace])[] = [
  ["SQLite", sqlitePlace],
  ["MariaDB", mysqlPlace],
];

/** What takes a schema back to what the first release made. */
const undoing: Readonly<Record<string, readonly string[]>> = {
  SQLite: ["DROP INDEX audit_log_of_changes"],
  MariaDB: ["ALTER TABLE audit_log DROP KEY audit_log_of_changes", "ALTER TABLE audit_log DROP COLUMN changed_origin"],
};

afterAll(cleanUpDatabases);

describe.each(kinds)("on %s", (kind, newPlace) => {
  let place: Place;
  let store: Store;

  beforeEach(async () => {
    place = await newPlace();
    store = await place.open();
  });
  afterEach(() => place.close());

  const set = async (to: Store, name: string, permissions: readonly string[] = []) => {
    const sequencer = createSequencer({ store: to, clock: systemClock });
    await sequencer.submit(setSecret({ name, value: plain("v"), permissions }, admin, testSealer()));
  };
  const recordedOf = async (names: readonly string[], from = store) =>
    [...(await load(from, { secrets: names, changes: names })).asRecorded].sort();
  /** How the last change of a name is found. */
  const planOf = async () => {
    const select =
      kind === "SQLite"
        ? `EXPLAIN QUERY PLAN ${selectLastChange(secrets)}`
        : `EXPLAIN ${mysqlTables([secrets]).get(secrets)?.lastChange}`;
    return (await place.sql(select.replace("?", "'zsc:a'"))).flat().join(" ");
  };

  test("the last change of a name is found by an index of changes alone, and nothing is sorted", async () => {
    await write(store, (head) => ({
      rows: rowsAfter(
        head,
        Array.from({ length: 500 }, (_, index) => ({ transitionType: index === 7 ? "secret_set" : "secret_read" })),
      ),
    }));
    const plan = await planOf();
    expect(plan).toContain("audit_log_of_changes");
    expect(plan).not.toMatch(/temp|filesort/i);
  });

  test("names are told that are as their last change left them, and names that neither log nor vault has", async () => {
    await set(store, "a");
    await set(store, "a", ["é🔑", '"version":1,"sealed_digest":"x"}']);
    await set(store, "A");
    await set(store, "altered");
    await place.sql("UPDATE secret SET purpose_tag = 'x' WHERE name = 'altered'");
    expect(await recordedOf(["a", "A", "altered", "b"])).toEqual(["A", "a", "b"]);
    expect(await recordedOf([])).toEqual([]);
    expect((await load(store, { secrets: ["a"] })).asRecorded.size).toBe(0);
  });

  test("only changes of the very name count, whatever else the log says of it", async () => {
    await set(store, "a");
    const types = ["secret_read", "secret_denied", "admin_info", "secret_settled", "Secret_deleted", "xsecret_set"];
    await write(store, (head) => ({
      rows: rowsAfter(head, [
        ...types.map((transitionType) => ({ transitionType })),
        ...["zsc:A", "zsc:a ", "zsc:", "a"].map((originId) => ({ originId, transitionType: "secret_deleted" })),
      ]),
    }));
    expect(await recordedOf(["a"])).toEqual(["a"]);
    await write(store, (head) => ({ rows: [rowAfter(head, { transitionType: "secret_deleted" })] }));
    expect(await recordedOf(["a"])).toEqual([]);
  });

  test.each([
    ["{}"],
    [""],
    ["x".repeat(payloadEndBytes * 3)],
    ['{"version":1}'],
    [`{"version":1,"sealed_digest":"${"0".repeat(64)}"}`],
    ['{"sealed_digest":"","version":1}'],
  ])("a payload that says something else is no match: %s", async (payloadJson) => {
    await set(store, "a");
    await write(store, (head) => ({ rows: [rowAfter(head, { transitionType: "secret_set", payloadJson })] }));
    expect(await recordedOf(["a"])).toEqual([]);
  });

  test("bytes of the row that decode to the text that was there are not as recorded", async () => {
    const sequencer = createSequencer({ store, clock: systemClock });
    const input = { name: "a", value: plain("v"), purposeTag: "\uFFFD" };
    await sequencer.submit(setSecret(input, admin, testSealer()));
    expect(await recordedOf(["a"])).toEqual(["a"]);
    await place.sql(`UPDATE secret SET purpose_tag = ${kind === "SQLite" ? "CAST(X'FF' AS TEXT)" : "X'FF'"}`);
    expect(await recordedOf(["a"])).toEqual([]);
  });

  test.each([
    ["as the first release left it", (statements: readonly string[]) => statements],
    ["as a start that was cut off half way left it", (statements: readonly string[]) => statements.slice(0, 1)],
    ["as a start that was cut off at its end left it", () => []],
  ])("a schema %s is brought up to date with the log that it has", async (_what, left) => {
    await set(store, "a");
    await write(store, (head) => ({ rows: rowsAfter(head, Array(100).fill({})) }));
    await store.close();
    for (const statement of left(undoing[kind] ?? [])) {
      await place.sql(statement);
    }
    await place.sql("UPDATE schema_version SET version = 1");
    const [again, beside] = await Promise.all([place.open(), place.open()]);
    expect(await place.sql("SELECT version FROM schema_version")).toEqual([["5"]]);
    expect(await recordedOf(["a"], again)).toEqual(["a"]);
    expect(await recordedOf(["b"], beside)).toEqual(["b"]);
    expect(await planOf()).toContain("audit_log_of_changes");
    expect((await auditRows(again, originIdOf("a"), 500, emptyHead)).length).toBe(101);
  });
});
