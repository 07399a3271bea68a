import type { AnyRecord, Key, Selection } from "../../ledger/index.ts";
import { columnOf, countOfPage } from "../sql/index.ts";
import type { Row } from "./connection.ts";
import type { MysqlTable } from "./tables.ts";

export type Read = (sql: string, values: readonly unknown[]) => Promise<readonly Row[]>;

/**
 * Records in the order of their key: at most `limit`, and about one page. Their sizes are queried first: the driver would
 * buffer a thousand large records before anything could count them.
 */
export async function readPage(
  read: Read,
  sql: MysqlTable,
  select: Selection,
  limit: number,
): Promise<readonly AnyRecord[]> {
  const { where, values } = whereOf(sql, select);
  const some = `${where} ORDER BY ${sql.key.map((column) => `r.${column}`).join(", ")} LIMIT ?`;
  let count = limit;
  if (sql.heavy.length > 0) {
    const size = sql.heavy.map((column) => `COALESCE(LENGTH(r.${column}), 0)`).join(" + ");
    const sizes = await read(`SELECT ${size} FROM ${sql.table.name} r ${some}`, [...values, limit]);
    count = countOfPage(sizes.map(([bytes]) => Number(bytes ?? 0)));
  }
  if (count === 0) {
    return [];
  }
  const rows = await read(`${sql.selectListed} ${some}`, [...values, count]);
  return rows.map(sql.recordOf);
}

/** The number of records after a key. */
export function countAfter(
  sql: MysqlTable,
  after: Key | null,
): { readonly sql: string; readonly values: readonly unknown[] } {
  const { where, values } = whereOf(sql, { after });
  return { sql: `SELECT COUNT(*) FROM ${sql.table.name} r ${where}`, values };
}

function whereOf({ table, key }: MysqlTable, { after, upTo }: Selection) {
  const conditions: string[] = [];
  const values: unknown[] = [];
  if (after !== null) {
    const columns = key.map((column) => `r.${column}`);
    conditions.push(columns.length === 1 ? `${columns[0]} > ?` : `(${columns.join(", ")}) > (?)`);
    values.push(columns.length === 1 ? after[0] : after);
  }
  if (upTo !== undefined) {
    conditions.push(`r.${columnOf(table, upTo.field)} <= ?`);
    values.push(upTo.value);
  }
  return { where: conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`, values };
}
