import { BoundedMap } from "../../base/index.ts";
import type { AnyRecord, AnyTable, Listing, Selection, VouchedRecord } from "../../ledger/index.ts";
import { exactBytes, inAnyOrder, pageOf, type SelectionDialect, selectedSql, tableSql } from "../sql/index.ts";
import { failureOf, openReadOnly, type Sqlite } from "./database.ts";
import { counterOf, type Query, selectOf } from "./tables.ts";

/** Each set of filters has a statement of its own. */
const maxPrepared = 64;

/** Reads pages of one table. */
interface Pager {
  page(select: Selection, limit: number): readonly AnyRecord[];
  /** Whole, with their MACs. */
  vouchedPage(select: Selection, limit: number): readonly VouchedRecord[];
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
  const sizer = (heavy: readonly string[]) => {
    const columns = heavy.map((column) => sql.columns.indexOf(column));
    return (row: readonly unknown[]) => columns.reduce((sum, at) => sum + lengthOf(row[at]), 0);
  };
  const sizeOfListed = sizer(sql.heavy);
  const sizeOfWhole = sizer([...sql.heavy, ...sql.heavyUnlisted]);
  const keys = sql.key.map((column) => `r.${column}`).join(", ");
  const same = sql.key.map((column) => `r.${column} = k.${column}`).join(" AND ");
  const rowsOf = (select: Selection, limit: number, columns: string) => {
    const { isWalk, from, where, values, order } = selectedSql(table, select, sqliteSelections);
    // A sorter would hold whole rows, so all records are looked at for their keys.
    const found = isWalk
      ? `${selectOf(sql, columns)} ${where} ${order} LIMIT ?`
      : `${selectOf(sql, columns)} JOIN (SELECT ${keys} ${from} ${order} LIMIT ?) k ON ${same} ${order}`;
    return query(found).iterate(...values, limit);
  };
  return {
    page: (select, limit) => pageOf(rowsOf(select, limit, sql.listed), sizeOfListed).map(sql.recordOf),
    vouchedPage: (select, limit) =>
      pageOf(rowsOf(select, limit, sql.whole), sizeOfWhole).map((row) => {
        return { record: sql.recordOf(row), mac: exactBytes(row[table.columns.length]) };
      }),
    count(select) {
      const { from, values } = selectedSql(table, inAnyOrder(select), sqliteSelections);
      return Number(query(`SELECT COUNT(*) ${from}`).get(...values)?.[0] ?? 0);
    },
  };
}

function lengthOf(value: unknown): number {
  return value instanceof Uint8Array ? value.byteLength : String(value ?? "").length;
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
