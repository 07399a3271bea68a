import type { AnyTable } from "../../ledger/index.ts";
import { tablesOfVault } from "../sql/index.ts";
import { guarded, type MysqlOptions, openConnection } from "./connection.ts";

/** Whether a vault has been made in the database. Makes nothing itself. */
export async function mysqlHoldsVault(options: MysqlOptions, tables: readonly AnyTable[]): Promise<boolean> {
  const connection = await openConnection(options, "reader");
  return await guarded(connection, async () => {
    const known = await connection.rows(
      "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN (?)",
      [tablesOfVault(tables)],
    );
    const there = tablesOfVault(tables).filter((table) => known.some(([name]) => String(name) === table));
    let isThere = false;
    for (const table of there) {
      isThere ||= (await connection.rows(`SELECT 1 FROM ${table} LIMIT 1`)).length > 0;
    }
    connection.destroy();
    return isThere;
  });
}
