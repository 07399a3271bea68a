import Database from "better-sqlite3";
import { type AnyTable, keyOf, type NewestRow } from "../../ledger/index.ts";
import { auditValues, rehearsedRecord, rehearsedRow } from "../sql/index.ts";
import type { Sqlite } from "./database.ts";
import { headOf, type Statements, statementsOf } from "./statements.ts";
import { type SqliteTable, type SqliteTables, sqliteTables } from "./tables.ts";

interface Rehearsal {
  /** Answers the newest row. */
  run(commit: boolean): NewestRow | undefined;
  close(): void;
}

/**
 * Rehearses on a connection of its own, whose cache holds one page: the others go into the write-ahead log at once, so
 * that a full disk shows although nothing is committed. The next commit overwrites them there.
 */
export function createRehearsal(path: string, tables: readonly AnyTable[]): Rehearsal {
  let opened: Opened | undefined;
  return {
    run(commit) {
      opened ??= open(path, tables);
      return rehearse(opened, commit);
    },
    close: () => void opened?.database.close(),
  };
}

interface Opened {
  readonly database: Sqlite;
  readonly statements: Statements;
  readonly tables: SqliteTables;
}

function open(path: string, tables: readonly AnyTable[]): Opened {
  const database = new Database(path, { fileMustExist: true, timeout: 0 });
  database.pragma("synchronous = FULL");
  database.pragma("cache_size = 1");
  database.pragma("cache_spill = 1");
  return { database, statements: statementsOf(database), tables: sqliteTables(database, tables) };
}

function rehearse({ database, statements, tables }: Opened, commit: boolean): NewestRow | undefined {
  const newest = statements.newest.get();
  inTransaction(database, statements.rollback, () => writeAll(statements, tables));
  if (commit) {
    inTransaction(database, statements.commit, () => void statements.touchHead.run());
  }
  return newest && { seq: newest.seq, createdAt: newest.created_at };
}

function inTransaction(database: Sqlite, end: Statements["commit"], work: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    work();
    end.run();
  } finally {
    if (database.inTransaction) {
      database.exec("ROLLBACK");
    }
  }
}

function writeAll(statements: Statements, tables: SqliteTables): void {
  const row = rehearsedRow(headOf(statements).seq + 1);
  statements.insertRow.run(...auditValues(row), 0);
  statements.putOrigin.run(row.originId, row.seq);
  statements.putCounted.run(row.originId, row.seq, 0, null);
  statements.removeOrigin.run(row.originId);
  for (const sql of tables.values()) {
    writeTo(sql);
  }
  statements.touchHead.run();
}

/** What batches do to a table, with a record that nobody can have written. */
function writeTo(sql: SqliteTable): void {
  const written = rehearsedRecord(sql.table);
  const { record } = written;
  const place = sql.place(record, sql.shape.versionOf(record));
  const { derivation } = sql;
  sql.insertRow.run(...sql.values(written));
  sql.updateRow.run(...sql.values(written), ...place);
  sql.removeRow.run(...place);
  if (derivation !== undefined) {
    sql.forget.run(...keyOf(sql.table.lookups[derivation.lookup] ?? [], record), 0);
  }
}
