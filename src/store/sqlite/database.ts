import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { errorCode, OperatorError } from "../../base/index.ts";
import { type AnyTable, StoreFailure, type StoreFailureKind, type Trouble } from "../../ledger/index.ts";
import { type Migration, type OnMigration, pendingMigrations } from "../sql/index.ts";
import { describeCause } from "./causes.ts";
import { type Sqlite, underLock } from "./lock.ts";
import { type SqliteStatement, sqliteMigrations } from "./migrations.ts";

export type { Sqlite } from "./lock.ts";

const startLockMs = 10_000;

/** Opens the database file, creating it for its owner only, and brings its schema up to date. */
export function openDatabase(path: string, tables: readonly AnyTable[], onMigration?: OnMigration): Sqlite {
  let database: Sqlite | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // SQLite gives its -wal and -shm files the mode of the database file.
    closeSync(openSync(path, "a", 0o600));
    database = new Database(path);
    configure(database);
    migrate(database, tables, onMigration);
  } catch (error) {
    database?.close();
    if (error instanceof OperatorError) {
      throw error;
    }
    throw new OperatorError(`The SQLite database ${path} cannot be opened: ${describeCause(codeOf(error))}.`, {
      cause: error,
    });
  }
  // From here on a rival's lock is a conflict that the sequencer waits out without stalling the process.
  database.pragma("busy_timeout = 0");
  return database;
}

/** Waits for a rival's lock, as a start may: later it would stall the process. */
export function patiently<T>(database: Sqlite, work: () => T): T {
  database.pragma(`busy_timeout = ${startLockMs}`);
  try {
    return work();
  } finally {
    database.pragma("busy_timeout = 0");
  }
}

/** Opens it for reading only, as it is. */
export function openReadOnly(path: string): Sqlite {
  try {
    return new Database(path, { readonly: true, fileMustExist: true });
  } catch (error) {
    // For a folder that is not there, the driver has an error of its own, without a code.
    const code = errorCode(error) ?? "SQLITE_CANTOPEN";
    throw new StoreFailure("unavailable", describeCause(code), error);
  }
}

function configure(database: Sqlite): void {
  database.pragma(`busy_timeout = ${startLockMs}`);
  useWriteAheadLog(database);
  database.pragma("synchronous = FULL");
  // A deleted secret leaves no trace in the file's free pages.
  database.pragma("secure_delete = ON");
}

/** Of servers that make the switch at once, SQLite turns one away without the wait that it grants elsewhere. */
function useWriteAheadLog(database: Sqlite): void {
  const giveUpAtMs = Date.now() + startLockMs;
  for (;;) {
    try {
      return void database.pragma("journal_mode = WAL");
    } catch (error) {
      if (failureOf(error).kind !== "conflict" || Date.now() > giveUpAtMs) {
        throw error;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

function migrate(database: Sqlite, tables: readonly AnyTable[], onMigration?: OnMigration): void {
  const steps = sqliteMigrations(tables);
  const first = pendingMigrations(steps, currentVersion(database));
  const total = first.length;
  for (let pending = first; pending[0] !== undefined; pending = pendingMigrations(steps, currentVersion(database))) {
    const [step] = pending;
    const from = step.version - 1;
    if (pending.length === total) {
      onMigration?.(from);
    }
    for (const statement of step.statements) {
      if (typeof statement !== "string") {
        statement.prepare?.(database, (progress) => onMigration?.(from, progress));
      }
    }
    takeStep(database, step);
  }
  onMigration?.(undefined);
}

/** Under the write lock: of two servers that start at once, the second waits and finds the work done. */
function takeStep(database: Sqlite, { version, statements }: Migration<SqliteStatement>): void {
  underLock(database, () => {
    if (versionIn(database) !== version - 1) {
      return;
    }
    for (const statement of statements) {
      if (typeof statement === "string") {
        database.exec(statement);
      } else {
        statement.run(database);
      }
    }
    database.prepare("UPDATE schema_version SET version = ? WHERE id = 1").run(version);
  });
}

function currentVersion(database: Sqlite): number {
  return underLock(database, () => {
    database.exec(
      "CREATE TABLE IF NOT EXISTS schema_version (id INTEGER PRIMARY KEY, version INTEGER NOT NULL) STRICT",
    );
    database.exec("INSERT INTO schema_version (id, version) VALUES (1, 0) ON CONFLICT DO NOTHING");
    return versionIn(database);
  });
}

export function versionIn(database: Sqlite): number {
  return Number(database.prepare("SELECT version FROM schema_version WHERE id = 1").pluck().get());
}

/** A rival holds the lock, or has taken our seq or name. */
const conflicts = /^SQLITE_(BUSY|LOCKED|CONSTRAINT_PRIMARYKEY|CONSTRAINT_UNIQUE)/;

/** What else SQLite says of its file. A limit on the size of files is a full disk as well, and an I/O error to SQLite. */
const troubles: readonly (readonly [RegExp, Trouble])[] = [
  [/^SQLITE_(FULL|IOERR_WRITE)/, "full"],
  [/^SQLITE_READONLY_DBMOVED/, "moved"],
  [/^SQLITE_READONLY/, "read_only"],
  [/^(SQLITE_(CANTOPEN|PERM|AUTH)|EACCES|EPERM)/, "denied"],
];

/** The one translator of this database's errors. */
export function failureOf(error: unknown, kind: StoreFailureKind = "unavailable"): StoreFailure {
  if (error instanceof StoreFailure) {
    return error;
  }
  const code = codeOf(error);
  const trouble = troubles.find(([pattern]) => pattern.test(code))?.[1];
  return new StoreFailure(conflicts.test(code) ? "conflict" : kind, `SQLite failed with ${code}`, error, trouble);
}

/** Whether SQLite itself failed, and not our own code. */
export function isForeign(error: unknown): boolean {
  return errorCode(error)?.startsWith("SQLITE_") === true;
}

/** Not written to its end, a commit is none: SQLite has rolled back. */
export function isFull(error: unknown): boolean {
  return errorCode(error) === "SQLITE_FULL";
}

function codeOf(error: unknown): string {
  return errorCode(error) ?? "an unknown error";
}
