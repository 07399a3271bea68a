import { type AnyTable, payloadEndBytes } from "../../ledger/index.ts";
import { columnOf, counterColumns, isTypeOf, mostLoadedSql, type TableSql, tableSql } from "../sql/index.ts";
import { literal } from "./literals.ts";

/** A table's statements as MySQL words them; `?` stands for a value, or for a list of them. */
export interface MysqlTable extends TableSql {
  /** Records with their counters, and the last rows of their origins; up to `WHERE`. */
  readonly select: string;
  /** The same for lists. */
  readonly selectListed: string;
  /** Records by a list of keys. */
  readonly byKeys: string;
  /** By label: records by a list of values, and for derived tables the Zeqonds between which they matter. */
  readonly byLookup: Readonly<Record<string, string>>;
  /** The last change in the log of one subject. */
  readonly lastChange: string;
}

export type MysqlTables = ReadonlyMap<AnyTable, MysqlTable>;

export function mysqlTables(tables: readonly AnyTable[]): MysqlTables {
  return new Map(tables.map((table) => [table, mysqlTable(table)]));
}

/** The table's statements; a table that the store was not opened with is a bug. */
export function sqlOf(tables: MysqlTables, table: AnyTable): MysqlTable {
  const sql = tables.get(table);
  if (sql === undefined) {
    throw new Error(`the store was opened without the table ${table.name}`);
  }
  return sql;
}

function mysqlTable(table: AnyTable): MysqlTable {
  const sql = tableSql(table);
  const { counters, derivation } = sql;
  const counted = counters === undefined ? "" : [...counterColumns, "last_seq"].map((name) => `, o.${name}`).join("");
  const from = `FROM ${table.name} r ${joinOrigins(table)}`;
  const select = `SELECT ${sql.whole}${counted} ${from}`;
  const recent = derivation && ` AND r.${derivation.zeqond} > ? AND r.${derivation.zeqond} <= ?`;
  const lookups = Object.entries(table.lookups).map(([label, fields]) => {
    const where = `${select} WHERE ${inList(fields.map((field) => columnOf(table, field)))}`;
    return [label, derivation?.lookup === label ? where + recent : where + mostLoadedSql(table, label)] as const;
  });
  return {
    ...sql,
    select,
    selectListed: `SELECT ${sql.listed}${counted} ${from}`,
    byKeys: `${select} WHERE ${inList(sql.key)}`,
    byLookup: Object.fromEntries(lookups),
    lastChange: `SELECT transition_type, RIGHT(payload_json, ${payloadEndBytes})
      FROM audit_log WHERE changed_origin = UNHEX(SHA2(?, 256)) AND ${isTypeOf(table)} ORDER BY seq DESC LIMIT 1`,
  };
}

/** The row `o` of a record's origin, where there are counters: it has them, and the last row of the log about it. */
export function joinOrigins(table: AnyTable): string {
  const { counters, log, key } = table;
  if (counters === undefined || log === undefined) {
    return "";
  }
  const column = columnOf(table, String(key[0]));
  return `LEFT JOIN audit_origin o ON o.origin_id = CONCAT(${literal(Buffer.from(log.originPrefix))}, r.${column})`;
}

export function inList(columns: readonly string[]): string {
  const [first, ...others] = columns.map((column) => `r.${column}`);
  return others.length === 0 ? `${first} IN (?)` : `(${[first, ...others].join(", ")}) IN (?)`;
}
