import type { AnyTable } from "../../ledger/index.ts";
/** A vault has been made where one of these has a row; a database with empty tables holds none. */
export function tablesOfVault(tables: readonly AnyTable[]): readonly string[] {
  return ["key_check", "audit_log", ...tables.filter(({ kind }) => kind !== "derived").map(({ name }) => name)];
}
