import type Database from "better-sqlite3";
import { fillOrigins } from "../../src/store/sqlite/origins.ts";

/** Makes the pointers of a log anew, as whoever rewrites a log by hand would, too. */
export function derivePointers(database: Database.Database): void {
  database.transaction(() => {
    database.exec("DELETE FROM audit_origin");
    database.exec("UPDATE audit_log SET before_seq = NULL");
    fillOrigins.run(database);
  })();
}
