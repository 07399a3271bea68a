import { refuse } from "./compose.ts";
import type { DatabaseConfig } from "./config/index.ts";
import type { Inspection, InspectionOptions } from "./store/sql/index.ts";
import { tables } from "./tables.ts";

/** Looks at a database as it is: takes no lock, makes nothing, migrates nothing. @throws OperatorError */
export async function inspectDatabase(database: DatabaseConfig, options: InspectionOptions = {}): Promise<Inspection> {
  try {
    if (database.kind === "sqlite") {
      const { inspectSqlite } = await import("./store/sqlite/index.ts");
      return inspectSqlite(database.path, tables, options);
    }
    const { inspectMysql } = await import("./store/mysql/index.ts");
    return await inspectMysql(database, tables);
  } catch (error) {
    return refuse(database, "read", error);
  }
}
