import type { AnyTable } from "../../ledger/index.ts";
import type { Inspection } from "../sql/index.ts";
import { failureOf, openReadOnly, type Sqlite, versionIn } from "./database.ts";
import { sqliteMigrations } from "./migrations.ts";
import { selectKeyChecks } from "./statements.ts";

/** Looks at a file that exists, beside a running server or without one. @throws StoreFailure */
export function inspectSqlite(path: string, tables: readonly AnyTable[]): Inspection {
  const database = openReadOnly(path);
  try {
    return {
      version: hasTable(database, "schema_version") ? versionIn(database) : 0,
      newest: sqliteMigrations(tables).at(-1)?.version ?? 0,
      keyChecks: hasTable(database, "key_check") ? database.prepare<[], Uint8Array>(selectKeyChecks).pluck().all() : [],
      // How commits are synced belongs to a connection, and the server's own are told to.
      durability: { durable: true },
    };
  } catch (error) {
    throw failureOf(error);
  } finally {
    database.close();
  }
}

function hasTable(database: Sqlite, name: string): boolean {
  return database.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?").get(name) !== undefined;
}
