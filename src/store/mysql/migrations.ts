import { zeroHash } from "../../ledger/row.ts";
import type { Migration } from "../migrations.ts";

/**
 * VARBINARY holds UTF-8 and compares byte by byte, trailing spaces included. Texts that are ours (UUIDs, hashes, times)
 * are ASCII. `created_at` is a text since the hash covers it as one, and `payload_json` bytes, since a JSON column
 * would reorder its keys.
 */
const ascii = "CHARACTER SET ascii COLLATE ascii_bin NOT NULL";

/** What cannot say "if not exists" everywhere: it is left out where `unless` has a row. */
export interface Alteration {
  readonly sql: string;
  readonly unless: string;
  /** The error of the server for a statement that was carried out before. */
  readonly refusedWhenDone: string;
}

export type MysqlStatement = string | Alteration;

const ofAuditLog = "table_schema = DATABASE() AND table_name = 'audit_log'";

export const mysqlMigrations: readonly Migration<MysqlStatement>[] = [
  {
    version: 1,
    statements: [
      `CREATE TABLE IF NOT EXISTS secret (
         id CHAR(36) ${ascii} PRIMARY KEY,
         name VARBINARY(255) NOT NULL,
         purpose_tag VARBINARY(128) NULL,
         bound_zid VARBINARY(128) NOT NULL,
         permissions MEDIUMBLOB NOT NULL,
         expires_zeqond BIGINT UNSIGNED NULL,
         version BIGINT UNSIGNED NOT NULL,
         sealed_key VARBINARY(255) NOT NULL,
         sealed_value MEDIUMBLOB NOT NULL,
         created_at CHAR(24) ${ascii},
         updated_at CHAR(24) ${ascii},
         UNIQUE KEY secret_by_name (name),
         KEY secret_by_expiry (expires_zeqond)
       ) ENGINE=InnoDB`,
      `CREATE TABLE IF NOT EXISTS read_counter (
         secret_id CHAR(36) ${ascii} PRIMARY KEY,
         read_count BIGINT UNSIGNED NOT NULL,
         last_read_zeqond BIGINT UNSIGNED NULL
       ) ENGINE=InnoDB`,
      `CREATE TABLE IF NOT EXISTS denial (
         seq BIGINT UNSIGNED NOT NULL PRIMARY KEY,
         zid VARBINARY(128) NOT NULL,
         zeqond BIGINT UNSIGNED NOT NULL,
         KEY denial_by_zid (zid, zeqond)
       ) ENGINE=InnoDB`,
      `CREATE TABLE IF NOT EXISTS audit_log (
         seq BIGINT UNSIGNED NOT NULL PRIMARY KEY,
         id CHAR(36) ${ascii},
         origin_id VARBINARY(259) NOT NULL,
         zeqond_number BIGINT UNSIGNED NOT NULL,
         actor_zid VARBINARY(128) NOT NULL,
         transition_type VARCHAR(32) ${ascii},
         transition_id CHAR(36) ${ascii},
         payload_json MEDIUMBLOB NOT NULL,
         proof_purpose VARBINARY(128) NOT NULL,
         proof_digest CHAR(64) ${ascii},
         prev_hash CHAR(64) ${ascii},
         row_hash CHAR(64) ${ascii},
         created_at CHAR(24) ${ascii},
         KEY audit_log_by_origin (origin_id, seq)
       ) ENGINE=InnoDB`,
      `CREATE TABLE IF NOT EXISTS audit_head (
         id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
         seq BIGINT UNSIGNED NOT NULL,
         row_hash CHAR(64) ${ascii}
       ) ENGINE=InnoDB`,
      `INSERT IGNORE INTO audit_head (id, seq, row_hash) VALUES (1, 0, '${zeroHash}')`,
      `CREATE TABLE IF NOT EXISTS key_check (
         id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
         sealed VARBINARY(255) NOT NULL
       ) ENGINE=InnoDB`,
    ],
  },
  {
    // The last change of a name, however many reads came after it. The column is made of the others by the database and
    // takes no room; in the index, rows that change nothing stand together, so that they cost little. Invisible, so
    // that a copy of the table by `SELECT *` does not contain it.
    version: 2,
    statements: [
      {
        sql: `ALTER TABLE audit_log ADD COLUMN change_of VARBINARY(259) GENERATED ALWAYS AS
                (IF(transition_type IN ('secret_set', 'secret_rotated', 'secret_deleted'), origin_id, NULL)) VIRTUAL
                /*!80023 INVISIBLE */ /*M!100303 INVISIBLE */`,
        refusedWhenDone: "ER_DUP_FIELDNAME",
        unless: `SELECT 1 FROM information_schema.columns WHERE ${ofAuditLog} AND column_name = 'change_of'`,
      },
      {
        sql: "ALTER TABLE audit_log ADD KEY audit_log_by_change (change_of, seq)",
        refusedWhenDone: "ER_DUP_KEYNAME",
        unless: `SELECT 1 FROM information_schema.statistics WHERE ${ofAuditLog} AND index_name = 'audit_log_by_change'`,
      },
    ],
  },
];
