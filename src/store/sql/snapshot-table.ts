import type { AnyTable, SnapshotRow } from "../../ledger/index.ts";
import { exactBytes, storedRowOf } from "./stored.ts";
import { tableSql } from "./table-sql.ts";

/** A table as snapshots page through it. */
export interface SnapshotTable<T> {
  readonly name: string;
  readonly columns: readonly string[];
  /** Some of the columns. */
  readonly key: readonly string[];
  /** How many rows make a page. */
  readonly size: number;
  /** Makes a row of its columns. */
  convert(columns: readonly unknown[]): T;
}

const rowsPerPage = 1_000;
/** Values can be large: so few that a page stays below 10 MB. */
const heavyRowsPerPage = 100;

export function snapshotTable(table: AnyTable): SnapshotTable<SnapshotRow> {
  const { columns, key } = tableSql(table);
  const isHeavy = table.columns.some(({ type }) => type === "bytes" || type === "texts");
  return {
    ...{ name: table.name, columns, key, size: isHeavy ? heavyRowsPerPage : rowsPerPage },
    convert(values) {
      const row = storedRowOf(table, values);
      return table.vouched ? { row, mac: exactBytes(values[table.columns.length]) } : { row };
    },
  };
}
