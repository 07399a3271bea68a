import {
  type AnyRecord,
  type AnyTable,
  auditColumns,
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
import { type Known, type KnownTable, storedRowOf, textOf } from "../sql/index.ts";
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

/**
 * First round trip of a batch: locks the head, then loads. READ COMMITTED gives each statement a view of its own, so
 * what follows the lock sees the newest committed rows.
 *
 * Nothing that decides is taken for known: the head does not tell that somebody has altered a row by hand. It tells what
 * the last rows of origins are, as far as this store has written them, while it is where this store has left it.
 */
export async function lockAndLoad(
  connection: Connection,
  { tables, known }: LoadContext,
  { needs, nowZeqond, rowHashesAt }: LoadRequest,
): Promise<{ readonly loaded: Loaded; readonly lastRows: LastRows }> {
  const packet = new Packet();
  const headAt = packet.add(`${selectHead} FOR UPDATE`, []);
  const lastRows = new Map<string, number>();
  const readers = [...needs].map(([table, ofTable]) => {
    return [table, askFor(packet, sqlOf(tables, table), ofTable, nowZeqond, lastRows, known.of(table))] as const;
  });
  const origins = [...needs].flatMap(([table, { keys }]) => originsOf(table, keys.keys()));
  const written = origins.map((originId) => [originId, known.lastOf(originId)] as const);
  const unknown = written.filter(([, lastSeq]) => lastSeq === undefined).map(([originId]) => originId);
  const originsAt =
    unknown.length === 0
      ? undefined
      : packet.add("SELECT origin_id, last_seq FROM audit_origin WHERE origin_id IN (?)", [unknown]);
  const hashesAt =
    rowHashesAt.length === 0
      ? undefined
      : packet.add("SELECT seq, row_hash FROM audit_log WHERE seq IN (?)", [rowHashesAt]);
  const results = await connection.run(packet.statements, packet.values);
  for (const [originId, lastSeq] of originsAt === undefined ? [] : rowsAt(results, originsAt)) {
    lastRows.set(textOf(originId), Number(lastSeq));
  }
  const head = headOf(rowsAt(results, headAt));
  // What others may have moved is looked for by the statement that writes.
  for (const [originId, lastSeq] of known.keepIf(head.rowHash, nowZeqond) ? written : []) {
    if (lastSeq !== undefined) {
      lastRows.set(originId, lastSeq);
    }
  }
  const hashes = hashesAt === undefined ? [] : rowsAt(results, hashesAt);
  const loaded = {
    head,
    tables: new Map(readers.map(([table, read]) => [table, read(results)])),
    rowHashes: new Map(hashes.map(([seq, hash]) => [Number(seq), String(hash)])),
  };
  return { loaded, lastRows };
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
  known: KnownTable,
): (results: Results) => LoadedTable {
  const keysAt = keys.size === 0 ? undefined : packet.add(sql.byKeys, [listOf(keys.values(), sql.key.length)]);
  const lookupsAt = [...lookups].map(([label, by]) => {
    const fields = sql.table.lookups[label] ?? [];
    const window = sql.derivation?.lookup === label ? sql.derivation.lookedAtZeqonds : undefined;
    const between = window === undefined ? [] : [nowZeqond - window, nowZeqond + window];
    // A limit is one of each group.
    const groups =
      sql.table.mostLoaded?.[label] === undefined ? [[...by.values()]] : Array.from(by.values(), (key) => [key]);
    const at = groups.map((keys) => packet.add(sql.byLookup[label] ?? "", [listOf(keys, fields.length), ...between]));
    return { label, fields, at };
  });
  const changesAt = [...changes].map((key) => {
    return { key, at: packet.add(sql.lastChange, [(sql.table.log?.originPrefix ?? "") + key]) };
  });
  return (results) => {
    const macs = new Map<AnyRecord, LoadedMac>();
    const recordOf = (row: Row): AnyRecord => {
      const { record, mac } = known.see(row);
      if (mac !== undefined) {
        macs.set(record, mac);
      }
      return record;
    };
    const rows = keysAt === undefined ? [] : rowsAt(results, keysAt);
    const records = new Map<string, AnyRecord>();
    const stored = new Map<string, Row>();
    for (const row of rows) {
      const record = recordOf(row);
      const key = sql.shape.keyOf(record);
      records.set(key, record);
      if (changes.size > 0) {
        stored.set(key, row);
      }
      if (sql.counters !== undefined && typeof row.at(-1) === "number") {
        lastRows.set(sql.counters.originPrefix + key, row.at(-1) as number);
      }
    }
    const asRecorded = changesAt.filter(({ key, at }) => isRowAsRecorded(sql, stored.get(key), rowsAt(results, at)[0]));
    return {
      records,
      lookups: new Map(
        lookupsAt.map(({ label, fields, at }) => {
          const rows = at.flatMap((index) => rowsAt(results, index));
          return [label, groupBy(fields, rows.map(recordOf))];
        }),
      ),
      asRecorded: asRecorded.length === 0 ? none : new Set(asRecorded.map(({ key }) => key)),
      macs,
    };
  };
}

const none: ReadonlySet<string> = new Set();

/** A key of one column is a value, one of several a row of values. */
function listOf(keys: Iterable<Key>, columns: number): readonly unknown[] {
  return columns === 1 ? Array.from(keys, ([value]) => value) : [...keys];
}

function isRowAsRecorded({ table }: MysqlTable, row: Row | undefined, last: Row | undefined): boolean {
  const change = last && { transitionType: textOf(last[0]), payloadEnd: textOf(last[1]) };
  return isAsRecorded(table, row && storedRowOf(table, row), change);
}

function groupBy(fields: readonly string[], records: readonly AnyRecord[]): ReadonlyMap<string, readonly AnyRecord[]> {
  const groups = new Map<string, AnyRecord[]>();
  for (const record of records) {
    const text = keyText(keyOf(fields, record));
    const group = groups.get(text);
    if (group === undefined) {
      groups.set(text, [record]);
    } else {
      group.push(record);
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
