import {
  type AnyRecord,
  type AnyTable,
  auditColumns,
  type Head,
  isAsRecorded,
  type Key,
  keyOf,
  keyText,
  type Loaded,
  type LoadedMac,
  type LoadedTable,
  type LoadRequest,
  StoreFailure,
  type TableNeeds,
} from "../../ledger/index.ts";
import { type Known, type KnownRow, type KnownTable, storedRowOf, textOf } from "../sql/index.ts";
import type { Connection, Results, Row } from "./connection.ts";
import { type MysqlTable, type MysqlTables, sqlOf } from "./tables.ts";

export const selectAudit = `SELECT ${auditColumns.join(", ")} FROM audit_log`;

export const selectHead = "SELECT seq, row_hash FROM audit_head WHERE id = 1";

/** The last rows of origins, as far as they were loaded. */
export type LastRows = ReadonlyMap<string, number>;

/** What a store loads with. */
export interface LoadContext {
  readonly tables: MysqlTables;
  readonly known: Known;
}

interface LockedAndLoaded {
  readonly loaded: Loaded;
  readonly lastRows: LastRows;
}

/**
 * First round trip of a batch: locks the head, then loads what is not known. READ COMMITTED gives each statement a view of
 * its own, so what follows the lock sees the newest committed rows. Whatever changes a record moves the head: when it is not
 * where this store has left it, what was taken for known is loaded in a second round trip.
 */
export async function lockAndLoad(
  connection: Connection,
  context: LoadContext,
  request: LoadRequest,
): Promise<LockedAndLoaded> {
  const { known } = context;
  const packet = new Packet();
  const headAt = packet.add(`${selectHead} FOR UPDATE`, []);
  const isKnown = known.mayHold(request.nowZeqond);
  const read = askForAll(packet, context, request, isKnown);
  const results = await connection.run(packet.statements, packet.values);
  const head = headOf(rowsAt(results, headAt));
  const isSame = known.keepIf(head.rowHash, request.nowZeqond);
  if (isSame || !isKnown) {
    return read(results, head);
  }
  const again = new Packet();
  const readAgain = askForAll(again, context, request, false);
  return readAgain(again.statements.length === 0 ? [] : await connection.run(again.statements, again.values), head);
}

/** Adds the statements that load what a batch needs; answers what reads their results. */
function askForAll(
  packet: Packet,
  { tables, known }: LoadContext,
  { needs, nowZeqond, rowHashesAt }: LoadRequest,
  isKnown: boolean,
): (results: Results, head: Head) => LockedAndLoaded {
  const lastRows = new Map<string, number>();
  const readers = [...needs].map(([table, ofTable]) => {
    const before = { table: known.of(table), isKnown };
    return [table, askFor(packet, sqlOf(tables, table), ofTable, nowZeqond, lastRows, before)] as const;
  });
  const origins = [...needs].flatMap(([table, { keys }]) => originsOf(table, keys.keys()));
  const unknown = origins.filter((originId) => {
    const lastSeq = isKnown ? known.lastOf(originId) : undefined;
    if (lastSeq !== undefined) {
      lastRows.set(originId, lastSeq);
    }
    return lastSeq === undefined;
  });
  const originsAt =
    unknown.length === 0
      ? undefined
      : packet.add("SELECT origin_id, last_seq FROM audit_origin WHERE origin_id IN (?)", [unknown]);
  const hashesAt =
    rowHashesAt.length === 0
      ? undefined
      : packet.add("SELECT seq, row_hash FROM audit_log WHERE seq IN (?)", [rowHashesAt]);
  return (results, head) => {
    for (const [originId, lastSeq] of originsAt === undefined ? [] : rowsAt(results, originsAt)) {
      lastRows.set(textOf(originId), Number(lastSeq));
    }
    const hashes = hashesAt === undefined ? [] : rowsAt(results, hashesAt);
    const loaded = {
      head,
      tables: new Map(readers.map(([table, read]) => [table, read(results)])),
      rowHashes: new Map(hashes.map(([seq, hash]) => [Number(seq), String(hash)])),
    };
    return { loaded, lastRows };
  };
}

/**
 * The origins of records without counters, whose last rows are not loaded with them. Most rows of the batch will be of these, and
 * each would look for its last row by itself, at some 18 µs of the database's time.
 */
function originsOf({ log, counters, key }: AnyTable, keys: Iterable<string>): readonly string[] {
  const hasOrigins = log !== undefined && counters === undefined && key.length === 1;
  return hasOrigins ? Array.from(keys, (text) => log.originPrefix + text) : [];
}

class Packet {
  readonly statements: string[] = [];
  readonly values: unknown[] = [];

  /** Answers the index of the statement's result. */
  add(sql: string, values: readonly unknown[]): number {
    this.values.push(...values);
    return this.statements.push(sql) - 1;
  }
}

/** Adds the statements that load from one table; answers what makes records of their results. */
function askFor(
  packet: Packet,
  sql: MysqlTable,
  { keys, lookups, changes }: TableNeeds,
  nowZeqond: number,
  lastRows: Map<string, number>,
  { table: known, isKnown }: { readonly table: KnownTable; readonly isKnown: boolean },
): (results: Results) => LoadedTable {
  const taken = new Map<string, KnownRow>();
  const wanted: Key[] = [];
  for (const [text, key] of keys) {
    const before = isKnown ? known.row(text) : undefined;
    if (before === undefined || (changes.has(text) && !before.isAsRecorded)) {
      wanted.push(key);
    } else {
      taken.set(text, before);
    }
  }
  const keysAt = wanted.length === 0 ? undefined : packet.add(sql.byKeys, [listOf(wanted, sql.key.length)]);
  const lookupsAt = [...lookups].map(([label, by]) => {
    const fields = sql.table.lookups[label] ?? [];
    const derived = sql.derivation?.lookup === label ? sql.derivation : undefined;
    const between = derived?.between(nowZeqond) ?? [];
    const lists = new Map<string, readonly KnownRow[]>();
    const asked: (readonly [string, Key])[] = [];
    for (const [text, key] of by) {
      const before = isKnown ? known.list(label, text) : undefined;
      if (before === undefined) {
        asked.push([text, key]);
      } else {
        lists.set(text, before);
      }
    }
    // A limit is one of each group.
    const groups =
      sql.table.mostLoaded?.[label] === undefined && asked.length > 0 ? [asked] : asked.map((one) => [one]);
    const at = groups.map((group) => {
      const values = listOf(
        group.map(([, key]) => key),
        fields.length,
      );
      return packet.add(sql.byLookup[label] ?? "", [values, ...between]);
    });
    return { label, fields, derived, asked, lists, at };
  });
  const unsure = [...changes].filter((key) => !taken.has(key));
  const changesAt = unsure.map((key) => {
    return { key, at: packet.add(sql.lastChange, [(sql.table.log?.originPrefix ?? "") + key]) };
  });
  return (results) => {
    /** Keys without a record, of which the log says the same. */
    const absent = new Set<string>();
    const macs = new Map<AnyRecord, LoadedMac>();
    const use = ({ record, mac }: KnownRow): AnyRecord => {
      if (mac !== undefined) {
        macs.set(record, mac);
      }
      return record;
    };
    const rows = new Map(taken);
    for (const row of keysAt === undefined ? [] : rowsAt(results, keysAt)) {
      const seen = known.see(row);
      rows.set(sql.shape.keyOf(seen.record), seen);
    }
    for (const { key, at } of changesAt) {
      const seen = rows.get(key);
      const isAsTold = isRowAsRecorded(sql, seen?.row, rowsAt(results, at)[0]);
      if (seen !== undefined) {
        seen.isAsRecorded = isAsTold;
      } else if (isAsTold) {
        absent.add(key);
      }
    }
    const records = new Map<string, AnyRecord>();
    for (const [key, seen] of rows) {
      records.set(key, use(seen));
      const last = seen.row.at(-1);
      if (sql.counters !== undefined && typeof last === "number") {
        lastRows.set(sql.counters.originPrefix + key, last);
      }
    }
    const isAsRecorded = (key: string) => rows.get(key)?.isAsRecorded ?? absent.has(key);
    return {
      records,
      lookups: new Map(
        lookupsAt.map(({ label, fields, derived, asked, lists, at }) => {
          const seen = at.flatMap((index) => rowsAt(results, index)).map((row) => known.see(row));
          const found = groupBy(fields, seen);
          for (const [text] of asked) {
            const list = found.get(text) ?? [];
            known.seeList(label, text, list);
            lists.set(
              text,
              derived === undefined ? list : list.filter(({ record }) => derived.isLookedAt(record, nowZeqond)),
            );
          }
          const groups = [...lists].filter(([, list]) => list.length > 0);
          return [label, new Map(groups.map(([text, list]) => [text, list.map(use)]))];
        }),
      ),
      asRecorded: changes.size === 0 ? none : new Set([...changes].filter(isAsRecorded)),
      macs,
    };
  };
}

const none: ReadonlySet<string> = new Set();

/** A key of one column is a value, one of several a row of values. */
function listOf(keys: Iterable<Key>, columns: number): readonly unknown[] {
  return columns === 1 ? Array.from(keys, ([value]) => value) : [...keys];
}

function isRowAsRecorded({ table }: MysqlTable, row: readonly unknown[] | undefined, last: Row | undefined): boolean {
  const change = last && { transitionType: textOf(last[0]), payloadEnd: textOf(last[1]) };
  return isAsRecorded(table, row && storedRowOf(table, row), change);
}

function groupBy(fields: readonly string[], rows: readonly KnownRow[]): ReadonlyMap<string, readonly KnownRow[]> {
  const groups = new Map<string, KnownRow[]>();
  for (const row of rows) {
    const text = keyText(keyOf(fields, row.record));
    const group = groups.get(text);
    if (group === undefined) {
      groups.set(text, [row]);
    } else {
      group.push(row);
    }
  }
  return groups;
}

export function headOf(rows: readonly Row[]) {
  const [head] = rows;
  if (head === undefined) {
    throw new StoreFailure("unavailable", "the head of the audit log is gone");
  }
  return { seq: Number(head[0]), rowHash: String(head[1]) };
}

export function rowsAt(results: Results, index: number): readonly Row[] {
  const rows = results[index];
  return Array.isArray(rows) ? rows : [];
}

export function bytesOf(value: unknown): Uint8Array {
  return Buffer.isBuffer(value) ? value : Buffer.from(String(value));
}
