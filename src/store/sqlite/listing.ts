import type { AnyRecord, AnyTable, Key, Listing, Selection } from "../../ledger/index.ts";
import { columnOf, marks, pageOf, type TableSql, tableSql } from "../sql/index.ts";
import { failureOf, openReadOnly, type Sqlite } from "./database.ts";
import { type Query, selectOf } from "./tables.ts";

/** Reads pages of one table. */
interface Pager {
  page(select: Selection, limit: number): readonly AnyRecord[];
  count(after: Key | null): number;
}

/** Statements are prepared when they are first needed. */
export function createPager(database: Sqlite, table: AnyTable): Pager {
  const sql = tableSql(table);
  const prepared = new Map<string, Query<unknown[]>>();
  const query = (text: string): Query<unknown[]> => {
    const known = prepared.get(text) ?? database.prepare<unknown[], unknown[]>(text).raw();
    prepared.set(text, known);
    return known;
  };
  const heavy = sql.heavy.map((column) => sql.columns.indexOf(column));
  const sizeOf = (row: readonly unknown[]) => heavy.reduce((sum, at) => sum + String(row[at] ?? "").length, 0);
  const order = sql.key.map((column) => `r.${column}`).join(", ");
  return {
    page(select, limit) {
      const { where, values } = whereOf(sql, select);
      const rows = query(`${selectOf(sql, sql.listed)} ${where} ORDER BY ${order} LIMIT ?`);
      return pageOf(rows.iterate(...values, limit), sizeOf).map(sql.recordOf);
    },
    count(after) {
      const { where, values } = whereOf(sql, { after });
      return Number(query(`SELECT COUNT(*) FROM ${table.name} r ${where}`).get(...values)?.[0] ?? 0);
    },
  };
}

function whereOf({ table, key }: TableSql, { after, upTo }: Selection) {
  const conditions: string[] = [];
  const values: unknown[] = [];
  if (after !== null) {
    conditions.push(`(${key.map((column) => `r.${column}`).join(", ")}) > (${marks(key.length)})`);
    values.push(...after);
  }
  if (upTo !== undefined) {
    conditions.push(`r.${columnOf(table, upTo.field)} <= ?`);
    values.push(upTo.value);
  }
  return { where: conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`, values };
}

/** A read transaction on a connection of its own: it sees the file as it is now, and so what was committed before. */
export function openSqliteListing(path: string, table: AnyTable, after: Key | null): Listing<object> {
  const database = openReadOnly(path);
  try {
    database.exec("BEGIN");
    const pager = createPager(database, table);
    return {
      count: pager.count(after),
      async next(key, limit) {
        try {
          return pager.page({ after: key }, limit);
        } catch (error) {
          throw failureOf(error);
        }
      },
      close: async () => void database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}
