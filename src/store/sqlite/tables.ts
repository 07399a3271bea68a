import { type AnyTable, payloadEndBytes } from "../../ledger/index.ts";
import {
  columnOf,
  counterColumns,
  isTypeOf,
  marks,
  maxForgotten,
  mostLoadedSql,
  type TableSql,
  tableSql,
} from "../sql/index.ts";
import { isChange } from "./changes.ts";
import type { Sqlite } from "./database.ts";

interface Command {
  run(...values: readonly unknown[]): { readonly changes: number };
}

export interface Query<R> {
  get(...values: readonly unknown[]): R | undefined;
  all(...values: readonly unknown[]): R[];
  iterate(...values: readonly unknown[]): Iterable<R>;
}

/** A table's statements, prepared once. */
export interface SqliteTable extends TableSql {
  /** Without the counters. */
  readonly byKey: Query<unknown[]>;
  /** By label; for derived tables with the Zeqonds between which records matter. */
  readonly byLookup: ReadonlyMap<string, Query<unknown[]>>;
  /** As it is stored, without what decoding may mend. */
  readonly stored: Query<readonly unknown[]>;
  readonly lastChange: Query<{ readonly transitionType: string; readonly payloadEnd: string }>;
  readonly insertRow: Command;
  readonly updateRow: Command;
  readonly removeRow: Command;
  /** With the values of the lookup, and the last Zeqond that is forgotten. */
  readonly forget: Command;
  /** The same of the table's first rows, with that Zeqond. */
  readonly forgetFirst: Command;
  readonly count: Query<number>;
}

export type SqliteTables = ReadonlyMap<AnyTable, SqliteTable>;

export function sqliteTables(database: Sqlite, tables: readonly AnyTable[]): SqliteTables {
  return new Map(tables.map((table) => [table, sqliteTable(database, table)]));
}

/** The table's statements; a table that the store was not opened with is a bug. */
export function sqlOf(tables: SqliteTables, table: AnyTable): SqliteTable {
  const sql = tables.get(table);
  if (sql === undefined) {
    throw new Error(`the store was opened without the table ${table.name}`);
  }
  return sql;
}

/** Records with their counters, up to `WHERE`; `columns` is SQL. */
export function selectOf({ table, counters }: TableSql, columns: string): string {
  // A join is planned again whenever a parameter changes (SQLITE_ENABLE_STAT4), which takes five times as long as the rest.
  const counted = counters === undefined ? [] : counterColumns.map((column) => `, ${counterOf(table, column)}`);
  return `SELECT ${columns}${counted.join("")} FROM ${table.name} r`;
}

/** SQL of a counter of a record `r`; null where nothing was counted. */
export function counterOf(table: AnyTable, column: (typeof counterColumns)[number]): string {
  const { key, log } = table;
  return `(SELECT o.${column} FROM audit_origin o WHERE o.origin_id = '${log?.originPrefix}' || r.${columnOf(table, String(key[0]))})`;
}

function sqliteTable(database: Sqlite, table: AnyTable): SqliteTable {
  const sql = tableSql(table);
  const { derivation } = sql;
  const command = (text: string): Command => database.prepare(text);
  const query = (text: string): Query<unknown[]> => database.prepare<unknown[], unknown[]>(text).raw();
  const select = selectOf(sql, sql.whole);
  const equal = (columns: readonly string[], row = "") => columns.map((column) => `${row}${column} = ?`).join(" AND ");
  const recent = derivation && ` AND r.${derivation.zeqond} > ? AND r.${derivation.zeqond} <= ?`;
  const columnsOf = (label: string) => (table.lookups[label] ?? []).map((field) => columnOf(table, field));
  const byLookup = Object.keys(table.lookups).map((label) => {
    const where = `${select} WHERE ${equal(columnsOf(label), "r.")}`;
    return [label, query(derivation?.lookup === label ? where + recent : where + mostLoadedSql(table, label))] as const;
  });
  return {
    ...sql,
    byKey: query(`SELECT ${sql.whole} FROM ${table.name} r WHERE ${equal(sql.key, "r.")}`),
    byLookup: new Map(byLookup),
    stored: query(`SELECT ${asBytes(sql.columns)} FROM ${table.name} WHERE ${equal(sql.key)}`),
    lastChange: database.prepare(selectLastChange(table)) as SqliteTable["lastChange"],
    insertRow: command(`${sql.insert} (${marks(sql.columns.length)})`),
    updateRow: command(sql.update),
    removeRow: command(sql.remove),
    forget:
      derivation === undefined
        ? nothing
        : command(
            `DELETE FROM ${table.name} WHERE ${equal(columnsOf(derivation.lookup))} AND ${derivation.zeqond} <= ?`,
          ),
    forgetFirst:
      derivation === undefined
        ? nothing
        : command(
            `DELETE FROM ${table.name} WHERE ${derivation.zeqond} <= ? AND ${derivation.seq} IN
              (SELECT ${derivation.seq} FROM ${table.name} ORDER BY ${derivation.seq} LIMIT ${maxForgotten})`,
          ),
    count: database.prepare(`SELECT COUNT(*) FROM ${table.name}`).pluck() as Query<number>,
  };
}

const nothing: Command = { run: () => ({ changes: 0 }) };

/** With the `origin_id`: the last row of the log that changed a record. */
export const selectLastChange = (
  table: AnyTable,
) => `SELECT transition_type AS transitionType, substr(payload_json, -${payloadEndBytes}) AS payloadEnd
    FROM audit_log WHERE origin_id = ? AND ${isChange} AND ${isTypeOf(table)} ORDER BY seq DESC LIMIT 1`;

/** Columns as they are stored; integers as their digits. */
export function asBytes(columns: readonly string[]): string {
  return columns.map((column) => `CAST(${column} AS BLOB)`).join(", ");
}
