import {
  type AnyRecord,
  isAsRecorded,
  type Loaded,
  type LoadedMac,
  type LoadedTable,
  type LoadRequest,
  type TableNeeds,
} from "../../ledger/index.ts";
import { exactBytes, storedRowOf } from "../sql/index.ts";
import { headOf, type Statements } from "./statements.ts";
import { type SqliteTable, type SqliteTables, sqlOf } from "./tables.ts";

/** The last rows of origins, as far as they were loaded. */
export type LastRows = Map<string, number>;

/** Forgets the rows of all tables when somebody else has written: what this connection writes, it forgets itself. */
export function createForgetting({ dataVersion }: Statements, tables: SqliteTables): () => void {
  let seen: number | undefined;
  return () => {
    const now = dataVersion.get();
    if (now !== seen) {
      for (const { known } of tables.values()) {
        known?.forgetAll();
      }
      seen = now;
    }
  };
}

/** Loads what a batch needs, under the write lock. */
export function load(
  statements: Statements,
  tables: SqliteTables,
  { needs, nowZeqond, rowHashesAt }: LoadRequest,
  lastRows: LastRows,
): Loaded {
  const rowHashes = new Map<number, string>();
  for (const seq of rowHashesAt) {
    const hash = statements.rowHashAt.get(seq);
    if (hash !== undefined) {
      rowHashes.set(seq, hash);
    }
  }
  return {
    head: headOf(statements),
    tables: new Map(
      [...needs].map(([table, ofTable]) => {
        return [table, loadTable(sqlOf(tables, table), ofTable, nowZeqond, statements, lastRows)];
      }),
    ),
    rowHashes,
  };
}

function loadTable(
  sql: SqliteTable,
  { keys, changes, lookups }: TableNeeds,
  nowZeqond: number,
  { originAt }: Statements,
  lastRows: LastRows,
): LoadedTable {
  const macs = new Map<AnyRecord, LoadedMac>();
  const recordOf = (row: readonly unknown[]): AnyRecord => {
    const known = sql.known?.see(row);
    if (known !== undefined) {
      macs.set(known.record, known.mac);
      return known.record;
    }
    const record = sql.recordOf(row);
    if (sql.table.vouched) {
      macs.set(record, { bytes: exactBytes(row[sql.table.columns.length]), isRight: false });
    }
    return record;
  };
  const records = new Map<string, AnyRecord>();
  for (const [text, key] of keys) {
    const known = sql.known?.get(text);
    if (known !== undefined) {
      records.set(text, known.record);
      macs.set(known.record, known.mac);
      continue;
    }
    const row = sql.byKey.get(...key);
    if (row === undefined) {
      continue;
    }
    if (sql.counters !== undefined) {
      const originId = sql.counters.originPrefix + text;
      const origin = originAt.get(originId);
      if (origin !== undefined) {
        const [last, count, latest] = origin;
        lastRows.set(originId, Number(last));
        row.push(count, latest);
      }
    }
    records.set(text, recordOf(row));
  }
  const asRecorded = new Set<string>();
  for (const text of changes) {
    if (isKeyAsRecorded(sql, text, keys.get(text) ?? [])) {
      asRecorded.add(text);
    }
  }
  const found = new Map<string, ReadonlyMap<string, readonly AnyRecord[]>>();
  for (const [label, by] of lookups) {
    const query = sql.byLookup.get(label);
    const { derivation } = sql;
    const groups = new Map<string, readonly AnyRecord[]>();
    for (const [text, values] of by) {
      const rows =
        derivation?.lookup === label
          ? query?.all(...values, nowZeqond - derivation.lookedAtZeqonds, nowZeqond + derivation.lookedAtZeqonds)
          : query?.all(...values);
      if (rows !== undefined && rows.length > 0) {
        groups.set(text, rows.map(recordOf));
      }
    }
    found.set(label, groups);
  }
  return { records, lookups: found, asRecorded, macs };
}

function isKeyAsRecorded({ table, stored, lastChange }: SqliteTable, text: string, key: readonly unknown[]): boolean {
  const row = stored.get(...key);
  return isAsRecorded(table, row && storedRowOf(table, row), lastChange.get((table.log?.originPrefix ?? "") + text));
}
