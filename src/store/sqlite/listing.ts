import { BoundedMap } from "../../base/index.ts";
import type { AnyRecord, AnyTable, Listing, Selection } from "../../ledger/index.ts";
import { inAnyOrder, pageOf, type SelectionDialect, selectedSql, tableSql } from "../sql/index.ts";
import { failureOf, openReadOnly, type Sqlite } from "./database.ts";
import { counterOf, type Query, selectOf } from "./tables.ts";

/** Each set of filters has a statement of its own. */
const maxPrepared = 64;

/** Reads pages of one table. */
interface Pager {
  page(select: Selection, limit: number): readonly AnyRecord[];
  count(select: Selection): number;
}

/** Statements are prepared when they are first needed. */
export function createPager(database: Sqlite, table: AnyTable): Pager {
  const sql = tableSql(table);
  const prepared = new BoundedMap<Query<unknown[]>>(maxPrepared);
  const query = (text: string): Query<unknown[]> => {
    const known = prepared.get(text) ?? database.prepare<unknown[], unknown[]>(text).raw();
    prepared.set(text, known);
    return known;
  };
  const heavy = sql.heavy.map((column) => sql.columns.indexOf(column));
  const sizeOf = (row: readonly unknown[]) => heavy.reduce((sum, at) => sum + String(row[at] ?? "").length, 0);
  const keys = sql.key.map((column) => `r.${column}`).join(", ");
  const same = sql.key.map((column) => `r.${column} = k.${column}`).join(" AND ");
  return {
    page(select, limit) {
      const { isWalk, from, where, values, order } = selectedSql(table, select, sqliteSelections);
      // A sorter would hold whole rows, so all records are looked at for their keys.
      const found = isWalk
        ? `${selectOf(sql, sql.listed)} ${where} ${order} LIMIT ?`
        : `${selectOf(sql, sql.listed)} JOIN (SELECT ${keys} ${from} ${order} LIMIT ?) k ON ${same} ${order}`;
      return pageOf(query(found).iterate(...values, limit), sizeOf).map(sql.recordOf);
    },
    count(select) {
      const { from, values } = selectedSql(table, inAnyOrder(select), sqliteSelections);
      return Number(query(`SELECT COUNT(*) ${from}`).get(...values)?.[0] ?? 0);
    },
  };
}

const sqliteSelections: SelectionDialect = {
  counter: (table, column) =>
    column === "read_count" ? `COALESCE(${counterOf(table, column)}, 0)` : counterOf(table, column),
  // Knows A to Z only.
  lowered: (column) => `LOWER(${column})`,
  // Most lists do not have the text at all, and one that an attacker wrote may be no JSON.
  holds: (column, text) => ({
    sql: `(INSTR(${column}, ?) > 0 AND EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(${column}) THEN ${column} ELSE '[]' END) WHERE value = ?))`,
    values: [JSON.stringify(text), text],
  }),
  withCounters: () => "",
  scan: (_table, by) => (by === "key" ? "" : "NOT INDEXED"),
  first: () => "",
};

/** A read transaction on a connection of its own: it sees the file as it is now, and so what was committed before. */
export function openSqliteListing(path: string, table: AnyTable, select: Selection): Listing<object> {
  const database = openReadOnly(path);
  try {
    database.exec("BEGIN");
    const pager = createPager(database, table);
    return {
      count: pager.count(select),
      async next(key, limit) {
        try {
          return pager.page({ ...select, after: key }, limit);
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
