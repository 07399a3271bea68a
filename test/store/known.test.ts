import { type AnyRecord, keyText } from "../../src/ledger/record.ts";
import type { LedgerWrite, TableWrite } from "../../src/ledger/store.ts";
import type { AnyTable } from "../../src/ledger/table.ts";
import { apiKeys, people, revokedTokens } from "../../src/people/tables.ts";
import { Known } from "../../src/store/sql/known.ts";
import { type KnownRow, KnownTable, knownForZeqonds } from "../../src/store/sql/known-table.ts";
import type { OriginWrite } from "../../src/store/sql/origins.ts";
import { policies, vaults } from "../../src/vaults/tables.ts";

const mac = Buffer.from("a mac");
const now = 1_000;

/** A row as a driver gives it: with `fields`, and something in each other column. */
function rowOf(table: AnyTable, fields: AnyRecord = {}): unknown[] {
  const values = table.columns.map(({ field, type }) => fields[field] ?? (type === "integer" ? 1 : Buffer.from(field)));
  const counters = table.counters === undefined ? [] : [0, null, 7];
  return [...values, ...(table.vouched ? [mac] : []), ...counters];
}

/** Loads a row, and finds its MAC right. */
function seen(known: KnownTable, row: readonly unknown[]): KnownRow {
  const each = known.see(row);
  if (each.mac !== undefined) {
    each.mac.isRight = true;
  }
  return each;
}

const nothing = { deletes: [], inserts: [], updates: [], counts: [], appends: [] };

describe("the known rows of a table", () => {
  test("are taken as they are once their MACs were right, until the next era", () => {
    const known = new KnownTable(vaults);
    const row = known.see(rowOf(vaults, { id: "a" }));
    known.seeList("name", "n", [row]);
    expect([known.row("a"), known.list("name", "n")]).toEqual([undefined, undefined]);
    (row.mac as { isRight: boolean }).isRight = true;
    expect([known.row("a"), known.list("name", "n")]).toEqual([row, [row]]);
    known.beginEra();
    expect([known.row("a"), known.list("name", "n")]).toEqual([undefined, undefined]);
    expect(known.see(rowOf(vaults, { id: "a" }))).toBe(row);
    expect(known.row("a")).toBe(row);
  });

  test.each<[string, (row: unknown[]) => void]>([
    ["a text", (row) => row.splice(4, 1, "other")],
    ["a byte", (row) => row.splice(4, 1, Buffer.from("descriptioN"))],
    ["a number", (row) => row.splice(1, 1, 2)],
    ["a number for its digits", (row) => row.splice(1, 1, "1")],
    ["the MAC", (row) => row.splice(-1, 1, Buffer.from("a maC"))],
    ["null", (row) => row.splice(4, 1, null)],
    ["another column", (row) => row.push(null)],
  ])("are other records, and nothing is known of their MACs, where %s differs", (_what, change) => {
    const known = new KnownTable(vaults);
    const row = seen(known, rowOf(vaults, { id: "a" }));
    const altered = rowOf(vaults, { id: "a" });
    change(altered);
    const now = known.see(altered);
    expect([now === row, now.record === row.record, now.mac?.isRight]).toEqual([false, false, false]);
    expect(known.row("a")).toBeUndefined();
  });

  test("have memory of their own, and no more than their bytes", () => {
    const packet = Buffer.alloc(1_000_000, "x");
    const row = rowOf(apiKeys, { id: packet.subarray(5, 41), hash: packet.subarray(50, 82) });
    const { row: own, record, mac: ownMac } = new KnownTable(apiKeys).see(row);
    packet.fill("y");
    expect(record).toMatchObject({ id: "x".repeat(36), hash: Buffer.alloc(32, "x") });
    const buffers = [...own, record["hash"], ownMac?.bytes].filter((value) => value instanceof Uint8Array);
    const most = buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(buffers.length).toBeGreaterThan(3);
    for (const { buffer } of buffers) {
      expect(buffer.byteLength).toBeLessThanOrEqual(most);
    }
  });

  test.each([
    ["a text without a limit", "description"],
    ["a text with a limit that the database does not keep", "name"],
  ])("are not remembered when they are large, whatever is: %s", (_what, field) => {
    const known = new KnownTable(vaults);
    seen(known, rowOf(vaults, { id: "a" }));
    seen(known, rowOf(vaults, { id: "a", [field]: "x".repeat(5_000) }));
    expect(known.row("a")).toBeUndefined();
  });

  test("are not remembered in lists that are long, or large together", () => {
    const known = new KnownTable(policies);
    const rows = (count: number, bytes: number) =>
      Array.from({ length: count }, (_, index) =>
        seen(known, rowOf(policies, { id: String(index), conditions: "x".repeat(bytes) })),
      );
    for (const [label, count, bytes, isKnown] of [
      ["short", 16, 10, true],
      ["long", 17, 10, false],
      ["large", 3, 3_000, false],
      ["one that is large", 1, 5_000, false],
    ] as const) {
      known.seeList(label, "", rows(count, bytes));
      expect([label, known.list(label, "") !== undefined]).toEqual([label, isKnown]);
    }
  });

  test("are remembered in lists neither where they have counters, nor without MACs: only that there is none", () => {
    for (const table of [people, apiKeys, revokedTokens]) {
      const known = new KnownTable(table);
      known.seeList("label", "some", [seen(known, rowOf(table))]);
      known.seeList("label", "none", []);
      expect([known.list("label", "some"), known.list("label", "none")]).toEqual([undefined, []]);
    }
  });

  test.each<[string, Partial<TableWrite>, boolean]>([
    ["deletes, and so are lists", { deletes: [{ id: "a" }] }, false],
    ["inserts, and so are lists", { inserts: [{ record: { id: "a" } }] }, false],
    ["updates, and so are lists", { updates: [{ record: { id: "a" }, fromVersion: 1 }] }, false],
    ["counts, and lists are not", { counts: [{ id: "a" }] }, true],
  ])("are forgotten that a batch %s", (_what, write, keepsLists) => {
    const known = new KnownTable(vaults);
    seen(known, rowOf(vaults, { id: "a" }));
    const other = seen(known, rowOf(vaults, { id: "b" }));
    known.seeList("name", "n", []);
    known.committed({ table: vaults, ...nothing, ...write });
    expect([known.row("a"), known.row("b")]).toEqual([undefined, other]);
    expect(known.list("name", "n") !== undefined).toBe(keepsLists);
  });

  test("are forgotten by the text of their whole key", () => {
    const table: AnyTable = { ...policies, key: ["vaultId", "priority"] };
    const known = new KnownTable(table);
    const [one, other] = [1, 2].map((priority) => seen(known, rowOf(table, { vaultId: "a", priority })));
    known.committed({ table, ...nothing, deletes: [(one as KnownRow).record] });
    expect([known.row(keyText(["a", 1])), known.row(keyText(["a", 2]))]).toEqual([undefined, other]);
  });
});

describe("what is known", () => {
  const written = { tables: [] } as unknown as LedgerWrite;
  const origin = (originId: string, lastSeq = 9): OriginWrite => ({
    originId,
    lastSeq,
    count: undefined,
    latest: null,
  });

  test("holds while the state is the one that it was loaded from, or that the last batch left", () => {
    const known = new Known([vaults]);
    expect([known.keepIf("a", now), known.keepIf("a", now)]).toEqual([false, true]);
    const row = seen(known.of(vaults), rowOf(vaults, { id: "a" }));
    known.committed(written, [origin("o")], "b");
    expect([known.keepIf("b", now), known.of(vaults).row("a"), known.lastOf("o")]).toEqual([true, row, 9]);
    expect([known.keepIf("c", now), known.of(vaults).row("a"), known.lastOf("o")]).toEqual([
      ...[false, undefined, undefined],
    ]);
    expect(known.keepIf("b", now)).toBe(false);
  });

  test.each([knownForZeqonds + 1, -knownForZeqonds - 1])(
    "is good for a time, and no longer when the clock moves by %i",
    (moved) => {
      const known = new Known([vaults]);
      known.keepIf("a", now);
      seen(known.of(vaults), rowOf(vaults, { id: "a" }));
      const soon = now + Math.sign(moved) * knownForZeqonds;
      expect([known.keepIf("a", soon), known.of(vaults).row("a") !== undefined]).toEqual([true, true]);
      expect([known.keepIf("a", now + moved), known.of(vaults).row("a")]).toEqual([true, undefined]);
    },
  );

  test("of a record with counters is forgotten when a row about it is written, whatever precedes its key", () => {
    const known = new Known([people, apiKeys, vaults]);
    known.keepIf("a", now);
    const seenIn = (table: AnyTable, key: string) =>
      seen(known.of(table), rowOf(table, { [String(table.key[0])]: key }));
    seenIn(people, "user:1");
    seenIn(apiKeys, "k");
    const kept = [seenIn(people, "user:2"), seenIn(apiKeys, "l"), seenIn(vaults, "k")];
    known.committed(written, [origin("user:1"), origin("api_key:k")], "b");
    expect([known.of(people).row("user:1"), known.of(apiKeys).row("k")]).toEqual([undefined, undefined]);
    expect([known.of(people).row("user:2"), known.of(apiKeys).row("l"), known.of(vaults).row("k")]).toEqual(kept);
  });

  test("is nothing after a failure", () => {
    const known = new Known([vaults]);
    known.keepIf("a", now);
    seen(known.of(vaults), rowOf(vaults, { id: "a" }));
    known.of(vaults).seeList("name", "n", []);
    known.committed(written, [origin("o")], "b");
    known.forgetAll();
    expect([known.of(vaults).row("a"), known.of(vaults).list("name", "n"), known.lastOf("o")]).toEqual([
      ...[undefined, undefined, undefined],
    ]);
  });
});
