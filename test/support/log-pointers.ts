import type Database from "better-sqlite3";
import type { Connection } from "mysql2/promise";
import { fillOrigins } from "../../src/store/sqlite/origins.ts";

const forget = [
  "DELETE FROM audit_origin WHERE origin_id NOT IN (SELECT origin_id FROM audit_log)",
  "UPDATE audit_origin SET last_seq = 0",
  "UPDATE audit_log SET before_seq = NULL",
];

/** Makes the pointers of a log anew, as whoever rewrites a log by hand would, too. */
export function derivePointers(database: Database.Database): void {
  database.transaction(() => {
    for (const sql of forget) {
      database.exec(sql);
    }
    fillOrigins.run(database);
  })();
}

/** The same on MariaDB, within the transaction that is open. */
export async function deriveMysqlPointers(connection: Connection): Promise<void> {
  for (const sql of forget) {
    await connection.query(sql);
  }
  await connection.query(`UPDATE audit_log l
    JOIN (SELECT seq, COALESCE(LAG(seq) OVER (PARTITION BY origin_id ORDER BY seq), 0) AS before_seq FROM audit_log) p
      ON p.seq = l.seq SET l.before_seq = p.before_seq`);
  await connection.query(`INSERT INTO audit_origin (origin_id, last_seq)
    SELECT origin_id, MAX(seq) FROM audit_log GROUP BY origin_id ON DUPLICATE KEY UPDATE last_seq = VALUES(last_seq)`);
}
