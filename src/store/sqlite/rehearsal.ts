import Database from "better-sqlite3";
import type { NewestRow } from "../../ledger/store.ts";
import { auditValues, secretValues } from "../columns.ts";
import { rehearsedDenial, rehearsedRow, rehearsedSecret } from "../rehearsed-rows.ts";
import type { Sqlite } from "./database.ts";
import { headOf, type Statements, statementsOf } from "./statements.ts";

export interface Rehearsal {
  /** Answers the newest row. */
  run(commit: boolean): NewestRow | undefined;
  close(): void;
}

/**
 * Rehearses on a connection of its own, whose cache holds one page: the others go into the write-ahead log at once, so
 * that a full disk shows although nothing is committed. The next commit overwrites them there.
 */
export function createRehearsal(path: string): Rehearsal {
  let opened: { readonly database: Sqlite; readonly statements: Statements } | undefined;
  return {
    run(commit) {
      opened ??= open(path);
      return rehearse(opened.database, opened.statements, commit);
    },
    close: () => void opened?.database.close(),
  };
}

function open(path: string) {
  const database = new Database(path, { fileMustExist: true, timeout: 0 });
  database.pragma("synchronous = FULL");
  database.pragma("cache_size = 1");
  database.pragma("cache_spill = 1");
  return { database, statements: statementsOf(database) };
}

function rehearse(database: Sqlite, statements: Statements, commit: boolean): NewestRow | undefined {
  const newest = statements.newest.get();
  inTransaction(database, statements.rollback, () => writeAll(statements));
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

function writeAll(statements: Statements): void {
  const secret = rehearsedSecret;
  const { seq, zid, zeqond } = rehearsedDenial;
  const next = headOf(statements).seq + 1;
  statements.insertRow.run(...auditValues(rehearsedRow(next)));
  statements.insertSecret.run(...secretValues(secret));
  statements.updateSecret.run(...secretValues(secret), secret.id, secret.version);
  statements.deleteSecret.run(secret.id, secret.version);
  statements.putCounter.run(secret.id, 0, null);
  statements.deleteCounter.run(secret.id);
  statements.insertDenial.run(seq, zid, zeqond);
  statements.forgetDenials.run(zid, zeqond);
  statements.touchHead.run();
}
