import type { AnyTable } from "../../ledger/index.ts";
import type { Inspection } from "../sql/index.ts";
import { guarded, type MysqlOptions, openConnection } from "./connection.ts";
import { durabilityOf } from "./durability.ts";
import { versionOf } from "./migrate.ts";
import { mysqlMigrations } from "./migrations.ts";
import { keyChecks } from "./store.ts";

/** Looks at a database, beside running servers or without one. @throws StoreFailure */
export async function inspectMysql(options: MysqlOptions, tables: readonly AnyTable[]): Promise<Inspection> {
  const connection = await openConnection(options, "reader");
  return await guarded(connection, async () => {
    const version = await versionOf(connection);
    const inspection = {
      version,
      newest: mysqlMigrations(tables).at(-1)?.version ?? 0,
      keyChecks: version === 0 ? [] : await keyChecks(connection),
      durability: await durabilityOf(connection),
    };
    connection.destroy();
    return inspection;
  });
}
