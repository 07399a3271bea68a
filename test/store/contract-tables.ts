import fc from "fast-check";
import { needsOf } from "../../src/ledger/needs.ts";
import { type AnyRecord, keyOf, keyText, shapeOf } from "../../src/ledger/record.ts";
import type { LoadedTable, Store, TableWrite } from "../../src/ledger/store.ts";
import type { AnyTable, Column, Key } from "../../src/ledger/table.ts";
import { collect, rowAfter, rowsAfter } from "../support/ledger.ts";
import type { NewPlace, Place } from "../support/places.ts";
import { laterNotes, notes, withNotes } from "./declared-tables.ts";

/** Text that a column of so many bytes holds: any but control characters, which no column of ours has. */
const text = (maxBytes: number) =>
  fc
    .string({ unit: "binary", minLength: 1, maxLength: Math.min(maxBytes, 200) })
    .map((any) => any.replace(/[\p{Cc}|]/gu, "x"))
    .filter((any) => any.isWellFormed() && Buffer.byteLength(any) <= maxBytes);

function arbitraryOf({ type, maxBytes = 3_000, optional }: Column): fc.Arbitrary<unknown> {
  const values: Readonly<Record<Column["type"], fc.Arbitrary<unknown>>> = {
    uuid: fc.uuid(),
    time: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString()),
    text: text(maxBytes),
    texts: fc.array(text(60), { maxLength: 5 }),
    integer: fc.maxSafeNat(),
    bytes: fc.uint8Array({ maxLength: Math.min(maxBytes, 200) }).map((bytes) => Buffer.from(bytes)),
  };
  return optional ? fc.option(values[type]) : values[type];
}

/** Records of a table with different keys and identities, at version 1 where they have one. */
function recordsOf(table: AnyTable): fc.Arbitrary<readonly AnyRecord[]> {
  const fields = Object.fromEntries(table.columns.map((column) => [column.field, arbitraryOf(column)]));
  const { count, latest } = table.counters ?? {};
  const counters = Object.fromEntries([count, latest].flatMap((field) => (field ? [[field, fc.nat()]] : [])));
  const record = fc.record({ ...fields, ...counters }).map((any) => ({ ...any, ...versionOf(table, 1) }));
  const { keyOf: keyOfRecord } = shapeOf(table);
  return fc.uniqueArray(record as fc.Arbitrary<AnyRecord>, { minLength: 1, maxLength: 6, selector: keyOfRecord });
}

function versionOf({ kind }: AnyTable, version: number): object {
  return kind === "versioned" ? { version } : {};
}

/** Runs of the property for each table; on MySQL each is some dozen transactions. */
const numRuns = 15;

export function describeTables(newPlace: NewPlace): void {
  let place: Place;
  let store: Store;

  beforeAll(async () => {
    place = await newPlace(withNotes);
    store = await place.open();
  });
  afterAll(() => place.close());

  const write = (table: AnyTable, parts: Partial<TableWrite>, nowZeqond = 0) =>
    store.transact({ needs: new Map(), nowZeqond, rowHashesAt: [] }, ({ head }) => {
      const none = { deletes: [], inserts: [], updates: [], counts: [], appends: [] };
      const touched = [
        ...[parts.deletes, parts.counts, parts.inserts?.map(({ record }) => record)].flatMap((records = []) => records),
      ];
      const origins = touched.map((record) => ({
        originId: (table.log?.originPrefix ?? "") + shapeOf(table).keyOf(record),
      }));
      const rows = rowsAfter(head, origins.length === 0 ? [{}] : origins);
      const { seq, rowHash } = rows.at(-1) ?? head;
      return { from: head, to: { seq, rowHash }, rows, tables: [{ table, ...none, ...parts }], nowZeqond };
    });
  const load = async (
    table: AnyTable,
    keys: readonly Key[],
    lookups: readonly (readonly [string, Key])[] = [],
    nowZeqond = 0,
  ) => {
    const byKey = keys.map((key) => ({ table, key }));
    const byLookup = lookups.map(([lookup, by]) => ({ table, lookup, by }));
    let loaded: LoadedTable | undefined;
    await store.transact(
      { needs: needsOf([{ needs: [...byKey, ...byLookup] }]), nowZeqond, rowHashesAt: [] },
      ({ tables }) => {
        loaded = tables.get(table);
        return null;
      },
    );
    return loaded as LoadedTable;
  };
  const mac = Buffer.from("a mac");
  const written = (table: AnyTable) => (record: AnyRecord) => (table.vouched ? { record, mac } : { record });
  const byKey = (table: AnyTable) => (one: AnyRecord, other: AnyRecord) =>
    table.key.reduce((order, field) => {
      const [a, b] = [one[field], other[field]];
      const here =
        typeof a === "number" ? a - Number(b) : Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
      return order || here;
    }, 0);
  const keysOf = (table: AnyTable, records: readonly AnyRecord[]) => records.map((record) => keyOf(table.key, record));

  const changeable = withNotes.filter(({ kind }) => kind !== "derived");

  test.each(changeable.map((table) => [table.name, table] as const))(
    "%s: any records are loaded by key and lookup, listed, counted, updated, seen in snapshots and deleted",
    async (_name, table) => {
      await fc.assert(
        fc.asyncProperty(recordsOf(table), async (records) => {
          const { digest, store: stored } = shapeOf(table);
          await write(table, { inserts: records.map(written(table)) });
          const keys = keysOf(table, records);
          const lookups = Object.entries(table.lookups).flatMap(([label, fields]) =>
            records
              .map((record) => keyOf(fields, record))
              .filter((by) => by.every((value) => value !== null))
              .map((by) => [label, by] as const),
          );
          const loaded = await load(
            table,
            [...keys, keys[0]?.map((value) => (typeof value === "number" ? value : `${value}?`)) ?? []],
            lookups,
          );
          expect(loaded.records).toEqual(new Map(records.map((record) => [shapeOf(table).keyOf(record), record])));
          if (table.vouched) {
            const macs = [...loaded.records.values()].map((record) => String(loaded.macs.get(record)?.bytes));
            expect(macs).toEqual(records.map(() => "a mac"));
          }
          for (const [label, by] of lookups) {
            const found = loaded.lookups.get(label)?.get(keyText(by)) ?? [];
            const expected = records.filter((each) => keyText(keyOf(table.lookups[label] ?? [], each)) === keyText(by));
            expect([...found].sort(byKey(table))).toEqual([...expected].sort(byKey(table)));
          }

          const snapshot = await store.openSnapshot();
          const rows = (await collect(snapshot.records(table))).map(({ row }) => row);
          await snapshot.close();
          const sorted = [...records].sort(byKey(table));
          expect(rows.map(digest)).toEqual(sorted.map((record) => digest(stored(record))));

          const listed = sorted.map((record) => {
            const hidden = table.columns
              .filter(({ unlisted }) => unlisted)
              .map(({ field }) => [field, expect.anything()]);
            return expect.objectContaining({ ...record, ...Object.fromEntries(hidden) });
          });
          const head = { seq: 0, rowHash: "" };
          expect(await store.page(table, { after: null }, 100, head)).toEqual(listed);
          const after = keyOf(table.key, sorted[0] as AnyRecord);
          expect(await store.page(table, { after }, 100)).toEqual(listed.slice(1));
          const listing = await store.openListing(table, { after }, head);
          expect([listing.count, await listing.next(after, 100)]).toEqual([sorted.length - 1, listed.slice(1)]);
          await listing.close();

          if (table.kind === "versioned") {
            const [first] = records as [AnyRecord];
            const next = { ...first, ...versionOf(table, 2) };
            await write(table, { updates: [{ ...written(table)(next), fromVersion: 1 }] });
            const stale = write(table, { updates: [{ ...written(table)(next), fromVersion: 1 }] });
            await expect(stale).rejects.toMatchObject({ kind: "conflict" });
            expect([...(await load(table, keysOf(table, [next]))).records.values()]).toEqual([next]);
          }
          if (table.counters !== undefined) {
            const [first] = records as [AnyRecord];
            const moved = { [table.counters.count]: 77, [table.counters.latest]: 78 };
            await write(table, { counts: [{ ...first, ...moved }] });
            const now = (await load(table, keysOf(table, [first]))).records.values().next().value;
            expect(now).toMatchObject(moved);
          }
          const current = [...(await load(table, keys)).records.values()];
          await write(table, { deletes: current });
          expect((await load(table, keys)).records.size).toBe(0);
          expect(await place.sql(`SELECT COUNT(*) FROM ${table.name}`)).toEqual([["0"]]);
          if (table.counters !== undefined) {
            const counted = "SELECT COUNT(*) FROM audit_origin WHERE read_count > 0 OR last_read_zeqond IS NOT NULL";
            expect(await place.sql(counted)).toEqual([["0"]]);
          }
        }),
        { numRuns },
      );
    },
    60_000,
  );

  test("a column that a later program adds is null in the rows that were there", async () => {
    const own = await newPlace([notes]);
    const before = await own.open();
    const [record] = fc.sample(recordsOf(notes), 1)[0] as readonly [AnyRecord];
    const insert = (to: Store, table: AnyTable, fields: object) =>
      to.transact({ needs: new Map(), nowZeqond: 0, rowHashesAt: [] }, ({ head }) => {
        const row = rowAfter(head);
        const inserts = [{ record: { ...record, ...fields } as AnyRecord }];
        const write = { table, inserts, deletes: [], updates: [], counts: [], appends: [] };
        return { from: head, to: { seq: row.seq, rowHash: row.rowHash }, rows: [row], tables: [write], nowZeqond: 0 };
      });
    await insert(before, notes, {});
    await before.close();
    const later = await own.open([laterNotes]);
    expect(await later.page(laterNotes, { after: null }, 10)).toEqual([
      expect.objectContaining({ shelf: record["shelf"], mood: null }),
    ]);
    await insert(later, laterNotes, { number: Number(record["number"]) + 1, id: crypto.randomUUID(), mood: "sunny" });
    expect(await later.page(laterNotes, { after: null }, 10)).toHaveLength(2);
    await own.close();
  });
}
