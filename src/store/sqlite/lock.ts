import type Database from "better-sqlite3";

export type Sqlite = Database.Database;

/** One transaction, under the one write lock that SQLite has. */
export function underLock<T>(database: Sqlite, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    if (database.inTransaction) {
      database.exec("ROLLBACK");
    }
    throw error;
  }
}
