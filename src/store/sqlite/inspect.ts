import { constants, copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AnyTable } from "../../ledger/index.ts";
import type { Inspection, InspectionOptions } from "../sql/index.ts";
import { failureOf, openReadOnly, type Sqlite, versionIn } from "./database.ts";
import { sqliteMigrations } from "./migrations.ts";
import { selectKeyChecks } from "./statements.ts";

/**
 * Looks at a file that exists, beside a running server or without one. @throws StoreFailure
 *
 * Without a server SQLite would make `-wal` and `-shm` to read it, of whoever looks, and the server might not be able to open
 * those. A copy is looked at then.
 */
export function inspectSqlite(
  path: string,
  tables: readonly AnyTable[],
  { inPlace = false }: InspectionOptions = {},
): Inspection {
  if (inPlace || existsSync(`${path}-wal`) || !isCopied(path)) {
    return inspect(path, tables);
  }
  const folder = mkdtempSync(join(tmpdir(), "zsc-doctor-"));
  try {
    const copy = join(folder, "zsc.db");
    copyFileSync(path, copy, constants.COPYFILE_FICLONE);
    return inspect(copy, tables);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A larger file is looked at where it is. */
const maxCopyBytes = 1_073_741_824;

function isCopied(path: string): boolean {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  return size !== undefined && size <= maxCopyBytes;
}

function inspect(path: string, tables: readonly AnyTable[]): Inspection {
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
