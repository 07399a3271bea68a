import { type AnyTable, zeroHash } from "../../ledger/index.ts";
import { addedColumns, createTables, type Dialect, type Migration, newestVersion } from "../sql/index.ts";
import { isChange } from "./changes.ts";
import { addBeforeSeq, addColumn, fillOrigins, moveCounters, type Upgrade } from "./origins.ts";

/** SQL, or what a step does where that is not enough; its `sql` says what it comes to. */
export type SqliteStatement = string | Upgrade;

const sqliteTypes = {
  uuid: "TEXT",
  time: "TEXT",
  text: "TEXT",
  texts: "TEXT",
  integer: "INTEGER",
  bytes: "BLOB",
} as const;

/** TEXT compares byte by byte (collation BINARY); STRICT refuses values of another type. */
const sqliteDialect: Dialect = {
  columnType: ({ type, optional }) => `${sqliteTypes[type]}${optional ? "" : " NOT NULL"}`,
  primary: (definition) => `${definition} PRIMARY KEY`,
  unique: (definition) => `${definition} UNIQUE`,
  tableOptions: () => "STRICT",
  indicesInside: false,
};

/** The ledger's own tables, and what later versions did to them. */
const ownSteps: readonly (readonly SqliteStatement[])[] = [
  [
    `CREATE TABLE IF NOT EXISTS audit_log (
       seq INTEGER NOT NULL PRIMARY KEY,
       id TEXT NOT NULL,
       origin_id TEXT NOT NULL,
       zeqond_number INTEGER NOT NULL,
       actor_zid TEXT NOT NULL,
       transition_type TEXT NOT NULL,
       transition_id TEXT NOT NULL,
       payload_json TEXT NOT NULL,
       proof_purpose TEXT NOT NULL,
       proof_digest TEXT NOT NULL,
       prev_hash TEXT NOT NULL,
       row_hash TEXT NOT NULL,
       created_at TEXT NOT NULL
     ) STRICT`,
    "CREATE INDEX IF NOT EXISTS audit_log_by_origin ON audit_log (origin_id, seq)",
    `CREATE TABLE IF NOT EXISTS audit_head (
       id INTEGER NOT NULL PRIMARY KEY,
       seq INTEGER NOT NULL,
       row_hash TEXT NOT NULL
     ) STRICT`,
    `INSERT INTO audit_head (id, seq, row_hash) VALUES (1, 0, '${zeroHash}') ON CONFLICT DO NOTHING`,
    `CREATE TABLE IF NOT EXISTS key_check (
       id INTEGER NOT NULL PRIMARY KEY,
       sealed BLOB NOT NULL
     ) STRICT`,
    `CREATE TABLE IF NOT EXISTS read_counter (
       secret_id TEXT NOT NULL PRIMARY KEY,
       read_count INTEGER NOT NULL,
       last_read_zeqond INTEGER
     ) STRICT, WITHOUT ROWID`,
  ],
  // Finds the last change of a name, however many reads follow it. Reads are not in this partial index. SQLite compares
  // the type with each value in turn, which is five times as fast as a lookup in a list.
  [
    `CREATE INDEX IF NOT EXISTS audit_log_by_change ON audit_log (origin_id, seq)
       WHERE transition_type = 'secret_set' OR transition_type = 'secret_rotated' OR transition_type = 'secret_deleted'`,
  ],
  // An index on the log puts each row of a batch on a page of its own, which is most of the time of a commit. Rows by
  // origin are found from the last one back instead (ADR 15).
  [
    addBeforeSeq,
    `CREATE TABLE IF NOT EXISTS audit_origin (
       origin_id TEXT NOT NULL PRIMARY KEY,
       last_seq INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID`,
    fillOrigins,
    "DROP INDEX IF EXISTS audit_log_by_origin",
  ],
  // A read changes one row of an origin, not two rows on two pages.
  [
    addColumn("audit_origin", "read_count INTEGER NOT NULL DEFAULT 0"),
    addColumn("audit_origin", "last_read_zeqond INTEGER"),
    moveCounters,
    "DROP TABLE IF EXISTS read_counter",
  ],
  // Whatever ends with the marks of a change, or removes a record: the index knows the changes of every table.
  [
    `CREATE INDEX IF NOT EXISTS audit_log_of_changes ON audit_log (origin_id, seq) WHERE ${isChange}`,
    "DROP INDEX IF EXISTS audit_log_by_change",
  ],
];

/** The steps of a schema that holds these tables. */
export function sqliteMigrations(tables: readonly AnyTable[]): readonly Migration<SqliteStatement>[] {
  const newest = Math.max(ownSteps.length, newestVersion(tables));
  return Array.from({ length: newest }, (_, index) => index + 1).map((version) => ({
    version,
    statements: [
      ...createTables(tables, version, sqliteDialect),
      ...addedColumns(tables, version, sqliteDialect).map(
        ({ table, column, definition }) => `ALTER TABLE ${table} ADD COLUMN ${column} ${definition}`,
      ),
      ...(ownSteps[version - 1] ?? []),
    ],
  }));
}
