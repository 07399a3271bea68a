import { type AnyTable, markAtFromEnd, markText, removalEnds, zeroHash } from "../../ledger/index.ts";
import { addedColumns, createTables, type Dialect, type Migration, newestVersion } from "../sql/index.ts";
import { fillOrigins, moveCounters, proveRights, type Upgrade } from "./origins.ts";

/**
 * VARBINARY holds UTF-8 and compares byte by byte, trailing spaces included. Texts that are ours (UUIDs, hashes, times)
 * are ASCII. `created_at` is a text since the hash covers it as one, and `payload_json` bytes, since a JSON column
 * would reorder its keys.
 */
const ascii = "CHARACTER SET ascii COLLATE ascii_bin NOT NULL";

/** A statement without a portable IF NOT EXISTS: it is skipped when `unless` returns a row. */
interface Alteration {
  readonly sql: string;
  readonly unless: string;
  /** The server's error when the statement has been executed before. */
  readonly refusedWhenDone: string;
}

export type MysqlStatement = string | Alteration | Upgrade;

const mysqlDialect: Dialect = {
  columnType({ type, maxBytes, optional }) {
    const nullable = optional ? "NULL" : "NOT NULL";
    switch (type) {
      case "uuid":
        return `CHAR(36) ${ascii}`;
      case "time":
        return `CHAR(24) ${ascii}`;
      case "integer":
        return `BIGINT UNSIGNED ${nullable}`;
      default:
        return maxBytes === undefined ? `MEDIUMBLOB ${nullable}` : `VARBINARY(${maxBytes}) ${nullable}`;
    }
  },
  primary: (definition) => `${definition} PRIMARY KEY`,
  tableOptions: (since) => (since < 5 ? "ENGINE=InnoDB" : "ENGINE=InnoDB ROW_FORMAT=DYNAMIC"),
  indicesInside: true,
};

const ofAuditLog = "table_schema = DATABASE() AND table_name = 'audit_log'";

/** The ledger's own tables, and what later versions did to them. */
const ownSteps: readonly (readonly MysqlStatement[])[] = [
  [
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
    `CREATE TABLE IF NOT EXISTS read_counter (
       secret_id CHAR(36) ${ascii} PRIMARY KEY,
       read_count BIGINT UNSIGNED NOT NULL,
       last_read_zeqond BIGINT UNSIGNED NULL
     ) ENGINE=InnoDB`,
  ],
  // Finds the last change of a name, however many reads follow it. The virtual column takes no space in the table; in
  // the index all rows that change nothing share one value, so they cost little. Invisible, so that a copy of the table
  // by `SELECT *` does not contain it.
  [
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
  // Only SQLite's schema has changed in version 3.
  [],
  // Rows by origin are found from the last one back (ADR 15): a third of the time of an insert into the log was its index.
  // A read changes one row of an origin, which also holds its counters.
  [
    proveRights,
    {
      sql: "ALTER TABLE audit_log ADD COLUMN before_seq BIGINT UNSIGNED NULL",
      refusedWhenDone: "ER_DUP_FIELDNAME",
      unless: `SELECT 1 FROM information_schema.columns WHERE ${ofAuditLog} AND column_name = 'before_seq'`,
    },
    `CREATE TABLE IF NOT EXISTS audit_origin (
       origin_id VARBINARY(1100) NOT NULL PRIMARY KEY,
       last_seq BIGINT UNSIGNED NOT NULL,
       read_count BIGINT UNSIGNED NOT NULL DEFAULT 0,
       last_read_zeqond BIGINT UNSIGNED NULL
     ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC`,
    fillOrigins,
    moveCounters,
    {
      sql: "ALTER TABLE audit_log DROP KEY audit_log_by_origin",
      refusedWhenDone: "ER_CANT_DROP_FIELD_OR_KEY",
      unless: `SELECT 1 FROM DUAL WHERE NOT EXISTS
        (SELECT 1 FROM information_schema.statistics WHERE ${ofAuditLog} AND index_name = 'audit_log_by_origin')`,
    },
  ],
  // Whatever ends with the marks of a change, or removes a record: the index knows the changes of every table. Origins of
  // vaults are longer than those of secrets, and than a key may be in some formats of rows.
  [
    "ALTER TABLE audit_log MODIFY origin_id VARBINARY(1100) NOT NULL",
    {
      sql: `ALTER TABLE audit_log ADD COLUMN changed_origin BINARY(32) GENERATED ALWAYS AS
              (IF(LEFT(RIGHT(payload_json, ${markAtFromEnd}), ${markText.length}) = '${markText}'
                OR transition_type IN ('secret_set', 'secret_rotated')
                OR ${removalEnds.map((end) => `transition_type LIKE '%${end}'`).join(" OR ")},
                UNHEX(SHA2(origin_id, 256)), NULL)) VIRTUAL
              /*!80023 INVISIBLE */ /*M!100303 INVISIBLE */`,
      refusedWhenDone: "ER_DUP_FIELDNAME",
      unless: `SELECT 1 FROM information_schema.columns WHERE ${ofAuditLog} AND column_name = 'changed_origin'`,
    },
    {
      sql: "ALTER TABLE audit_log ADD KEY audit_log_of_changes (changed_origin, seq)",
      refusedWhenDone: "ER_DUP_KEYNAME",
      unless: `SELECT 1 FROM information_schema.statistics WHERE ${ofAuditLog} AND index_name = 'audit_log_of_changes'`,
    },
    {
      sql: "ALTER TABLE audit_log DROP KEY audit_log_by_change, DROP COLUMN change_of",
      refusedWhenDone: "ER_CANT_DROP_FIELD_OR_KEY",
      unless: `SELECT 1 FROM DUAL WHERE NOT EXISTS
        (SELECT 1 FROM information_schema.columns WHERE ${ofAuditLog} AND column_name = 'change_of')`,
    },
  ],
];

/** The steps of a schema that holds these tables. */
export function mysqlMigrations(tables: readonly AnyTable[]): readonly Migration<MysqlStatement>[] {
  const newest = Math.max(ownSteps.length, newestVersion(tables));
  return Array.from({ length: newest }, (_, index) => index + 1).map((version) => ({
    version,
    statements: [
      ...createTables(tables, version, mysqlDialect),
      ...addedColumns(tables, version, mysqlDialect).map(
        ({ table, column, definition }): Alteration => ({
          sql: `ALTER TABLE ${table} ADD COLUMN ${column} ${definition}`,
          refusedWhenDone: "ER_DUP_FIELDNAME",
          unless: `SELECT 1 FROM information_schema.columns
            WHERE table_schema = DATABASE() AND table_name = '${table}' AND column_name = '${column}'`,
        }),
      ),
      ...(ownSteps[version - 1] ?? []),
    ],
  }));
}
