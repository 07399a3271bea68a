import type { AnyRecord, Selection, VouchedRecord } from "../../ledger/index.ts";
import {
  columnOf,
  countOfPage,
  inAnyOrder,
  keyIndexOf,
  type SelectedSql,
  type SelectionDialect,
  type Sql,
  selectedSql,
} from "../sql/index.ts";
import type { Row } from "./connection.ts";
import { bytesOf } from "./load.ts";
import { inList, joinOrigins, type MysqlTable } from "./tables.ts";

export type Read = (sql: string, values: readonly unknown[]) => Promise<readonly Row[]>;

/**
 * Records of a selection: at most `limit`, and about one page. Their sizes are queried first: the driver would buffer a
 * thousand large records before anything could count them.
 */
export async function readPage(
  read: Read,
  sql: MysqlTable,
  select: Selection,
  limit: number,
): Promise<readonly AnyRecord[]> {
  const page = { columns: sql.selectListed, heavy: sql.heavy, limit };
  return (await readRows(read, sql, select, page)).map(sql.recordOf);
}

/** The same, whole and with their MACs. */
export async function readVouchedPage(
  read: Read,
  sql: MysqlTable,
  select: Selection,
  limit: number,
): Promise<readonly VouchedRecord[]> {
  const page = { columns: sql.select, heavy: [...sql.heavy, ...sql.heavyUnlisted], limit };
  const rows = await readRows(read, sql, select, page);
  return rows.map((row) => ({ record: sql.recordOf(row), mac: bytesOf(row[sql.table.columns.length]) }));
}

interface PageOfRows {
  /** Up to `WHERE`. */
  readonly columns: string;
  readonly heavy: readonly string[];
  readonly limit: number;
}

async function readRows(read: Read, sql: MysqlTable, select: Selection, page: PageOfRows): Promise<readonly Row[]> {
  const selected = selectedSql(sql.table, select, mysqlSelections);
  return selected.isWalk ? await walk(read, selected, page) : await search(read, sql, selected, page);
}

async function walk(
  read: Read,
  { from, where, values, order }: SelectedSql,
  { columns, heavy, limit }: PageOfRows,
): Promise<readonly Row[]> {
  let count = limit;
  if (heavy.length > 0) {
    const sizes = await read(`SELECT ${sizeOf(heavy)} ${from} ${order} LIMIT ?`, [...values, limit]);
    count = countOfPage(sizes.map(([bytes]) => Number(bytes ?? 0)));
  }
  if (count === 0) {
    return [];
  }
  return await read(`${columns} ${where} ${order} LIMIT ?`, [...values, count]);
}

/** All records are looked at once, for their keys. */
async function search(
  read: Read,
  sql: MysqlTable,
  { from, values, order }: SelectedSql,
  { columns, heavy, limit }: PageOfRows,
): Promise<readonly Row[]> {
  const keys = sql.key.map((column) => `r.${column}`).join(", ");
  const found = `SELECT ${keys} ${from} ${order} LIMIT ?`;
  const same = sql.key.map((column) => `r.${column} = k.${column}`).join(" AND ");
  const sized = await read(
    `SELECT ${sizeOf(heavy)}, ${keys} FROM (${found}) k JOIN ${sql.table.name} r ON ${same} ${joinOrigins(sql.table)} ${order}`,
    [...values, limit],
  );
  const count = countOfPage(sized.map(([bytes]) => Number(bytes ?? 0)));
  if (count === 0) {
    return [];
  }
  const page = sized.slice(0, count).map(([, ...key]) => (key.length === 1 ? key[0] : key));
  return await read(`${columns} WHERE ${inList(sql.key)} ${order}`, [page]);
}

function sizeOf(heavy: readonly string[]): string {
  return ["0", ...heavy.map((column) => `COALESCE(LENGTH(r.${column}), 0)`)].join(" + ");
}

/** The number of records of a selection. */
export function countSelected(sql: MysqlTable, select: Selection): Sql {
  const { from, values } = selectedSql(sql.table, inAnyOrder(select), mysqlSelections);
  return { sql: `SELECT COUNT(*) ${from}`, values };
}

const mysqlSelections: SelectionDialect = {
  counter: (_table, column) => (column === "read_count" ? "COALESCE(o.read_count, 0)" : `o.${column}`),
  withCounters: joinOrigins,
  // A character set whose other letters have no case: text of UTF-8, read as such, keeps all bytes but those of A to Z.
  lowered: (column) => `CAST(LOWER(CONVERT(${column} USING hebrew)) AS BINARY)`,
  holds(column, text) {
    const json = `CONVERT(${column} USING utf8mb4)`;
    // Most lists do not have the text at all, and one that an attacker wrote may be no JSON.
    const sql = `(INSTR(${column}, ?) > 0 AND CASE WHEN JSON_VALID(${json}) THEN JSON_CONTAINS(${json}, CONVERT(? USING utf8mb4)) ELSE FALSE END)`;
    return { sql, values: [JSON.stringify(text), JSON.stringify(text)] };
  },
  scan: (table, by) => `${by === "key" ? "FORCE" : "IGNORE"} INDEX (${keyIndexOf(table)})`,
  first: (table) =>
    `ORDER BY ${table.key.map((field) => `r.${columnOf(table, field)}`).join(", ")} LIMIT 18446744073709551615`,
};
