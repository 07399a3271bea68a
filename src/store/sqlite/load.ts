import {
  type AnyRecord,
  isAsRecorded,
  type Loaded,
  type LoadedMac,
  type LoadedTable,
  type LoadRequest,
  type TableNeeds,
} from "../../ledger/index.ts";
import { type Known, type KnownRow, storedRowOf } from "../sql/index.ts";
import { headOf, type Statements } from "./statements.ts";
import { type SqliteTable, type SqliteTables, sqlOf } from "./tables.ts";

/** What a store loads with. */
export interface Context {
  readonly statements: Statements;
  readonly tables: SqliteTables;
  readonly known: Known;
}

/** The last rows of origins, as far as they were loaded. */
export type LastRows = Map<string, number>;

/** Loads what a batch needs, under the write lock. */
export function load(context: Context, { needs, nowZeqond, rowHashesAt }: LoadRequest, lastRows: LastRows): Loaded {
  const { statements, tables } = context;
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
        return [table, loadTable(sqlOf(tables, table), ofTable, nowZeqond, context, lastRows)];
      }),
    ),
    rowHashes,
  };
}

function loadTable(
  sql: SqliteTable,
  { keys, changes, lookups }: TableNeeds,
  nowZeqond: number,
  context: Context,
  lastRows: LastRows,
): LoadedTable {
  const known = context.known.of(sql.table);
  const macs = new Map<AnyRecord, LoadedMac>();
  const use = ({ record, mac }: KnownRow): AnyRecord => {
    if (mac !== undefined) {
      macs.set(record, mac);
    }
    return record;
  };
  const rows = new Map<string, KnownRow>();
  for (const [text, key] of keys) {
    const before = known.row(text);
    if (before !== undefined) {
      rows.set(text, before);
      continue;
    }
    const row = sql.byKey.get(...key);
    if (row === undefined) {
      continue;
    }
    if (sql.counters !== undefined) {
      const originId = sql.counters.originPrefix + text;
      const origin = context.statements.originAt.get(originId);
      if (origin !== undefined) {
        const [last, count, latest] = origin;
        lastRows.set(originId, Number(last));
        row.push(count, latest);
      }
    }
    rows.set(text, known.see(row));
  }
  const asRecorded = new Set<string>();
  for (const text of changes) {
    const row = rows.get(text);
    if (row?.isAsRecorded || isKeyAsRecorded(sql, text, keys.get(text) ?? [])) {
      asRecorded.add(text);
      if (row !== undefined) {
        row.isAsRecorded = true;
      }
    }
  }
  const found = new Map<string, ReadonlyMap<string, readonly AnyRecord[]>>();
  for (const [label, by] of lookups) {
    const query = sql.byLookup.get(label);
    const derived = sql.derivation?.lookup === label ? sql.derivation : undefined;
    const groups = new Map<string, readonly AnyRecord[]>();
    for (const [text, values] of by) {
      let list = known.list(label, text);
      if (list === undefined) {
        list = (query?.all(...values, ...(derived?.between(nowZeqond) ?? [])) ?? []).map((row) => known.see(row));
        known.seeList(label, text, list);
        list = derived === undefined ? list : list.filter(({ record }) => derived.isLookedAt(record, nowZeqond));
      }
      if (list.length > 0) {
        groups.set(text, list.map(use));
      }
    }
    found.set(label, groups);
  }
  const records = new Map(Array.from(rows, ([text, row]) => [text, use(row)]));
  return { records, lookups: found, asRecorded, macs };
}

function isKeyAsRecorded({ table, stored, lastChange }: SqliteTable, text: string, key: readonly unknown[]): boolean {
  const row = stored.get(...key);
  return isAsRecorded(table, row && storedRowOf(table, row), lastChange.get((table.log?.originPrefix ?? "") + text));
}
