import { statSync } from "node:fs";
import { OperatorError } from "../../base/index.ts";
import type { AnyTable } from "../../ledger/index.ts";
import { tablesOfVault } from "../sql/index.ts";
import { failureOf, openReadOnly } from "./database.ts";

/** Whether a vault has been made in the file. Makes nothing itself. */
export function sqliteHoldsVault(path: string, tables: readonly AnyTable[]): boolean {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) {
    return false;
  }
  try {
    const database = openReadOnly(path);
    try {
      const isThere = database.prepare<[string]>("SELECT 1 FROM sqlite_schema WHERE name = ?").pluck();
      return tablesOfVault(tables).some(
        (table) =>
          isThere.get(table) !== undefined && database.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() !== undefined,
      );
    } finally {
      database.close();
    }
  } catch (error) {
    const { message } = failureOf(error);
    throw new OperatorError(`The SQLite database ${path} cannot be opened: ${message}.`, { cause: error });
  }
}
