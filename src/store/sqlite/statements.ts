import { auditColumns, type Head, StoreFailure } from "../../ledger/index.ts";
import { counterColumns, listedColumns, marks, type RowLink } from "../sql/index.ts";
import type { Sqlite } from "./database.ts";
import { putOrigin } from "./origins.ts";

interface NewestRecord {
  readonly seq: number;
  readonly created_at: string;
}

const rowLink = "seq, origin_id AS originId, transition_type AS type, before_seq AS before";
const selectAudit = `SELECT ${auditColumns.join(", ")} FROM audit_log`;

interface Command<P extends unknown[]> {
  run(...parameters: P): { readonly changes: number };
}

interface Query<P extends unknown[], R> {
  get(...parameters: P): R | undefined;
  all(...parameters: P): R[];
}

export type Statements = ReturnType<typeof statementsOf>;

/** The ledger's own statements, prepared once. */
export function statementsOf(database: Sqlite) {
  const run = <P extends unknown[]>(sql: string): Command<P> => database.prepare<P>(sql);
  const rows = <P extends unknown[], R>(sql: string): Query<P, R> => database.prepare<P, R>(sql);
  const values = <P extends unknown[], R>(sql: string): Query<P, R> => database.prepare<P, R>(sql).pluck();
  const arrays = <P extends unknown[]>(sql: string): Query<P, unknown[]> => database.prepare<P, unknown[]>(sql).raw();
  return {
    begin: run<[]>("BEGIN IMMEDIATE"),
    commit: run<[]>("COMMIT"),
    rollback: run<[]>("ROLLBACK"),
    head: rows<[], { seq: number; row_hash: string }>("SELECT seq, row_hash FROM audit_head WHERE id = 1"),
    /** Another number whenever another connection has written (https://www.sqlite.org/pragma.html#pragma_data_version). */
    dataVersion: values<[], number>("PRAGMA data_version"),
    rowHashAt: values<[number], string>("SELECT row_hash FROM audit_log WHERE seq = ?"),
    /** With the row before it that has the same origin. */
    insertRow: run(
      `INSERT INTO audit_log (${auditColumns.join(", ")}, before_seq) VALUES (${marks(auditColumns.length + 1)})`,
    ),
    lastOfOrigin: values<[string], number>("SELECT last_seq FROM audit_origin WHERE origin_id = ?"),
    originAt: arrays<[string]>(`SELECT last_seq, ${counterColumns.join(", ")} FROM audit_origin WHERE origin_id = ?`),
    putOrigin: run<[string, number]>(putOrigin),
    putCounted: run<[string, number, number, number | null]>(putCounted),
    removeOrigin: run<[string]>("DELETE FROM audit_origin WHERE origin_id = ?"),
    moveHead: run<[number, string, number, string]>(
      "UPDATE audit_head SET seq = ?, row_hash = ? WHERE id = 1 AND seq = ? AND row_hash = ?",
    ),
    touchHead: run<[]>("UPDATE audit_head SET seq = seq WHERE id = 1"),
    linkAt: rows<[number], RowLink>(`SELECT ${rowLink} FROM audit_log WHERE seq = ?`),
    linksBefore: rows<[number, number], RowLink>(
      `SELECT ${rowLink} FROM audit_log WHERE seq < ? ORDER BY seq DESC LIMIT ?`,
    ),
    /** Newest first; with the JSON of a list of `seq`. */
    listedAt: arrays<[string]>(
      `SELECT ${listedColumns.join(", ")} FROM audit_log WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq DESC`,
    ),
    rowsAfter: arrays<[number, number]>(`${selectAudit} WHERE seq > ? ORDER BY seq LIMIT ?`),
    newest: rows<[], NewestRecord>("SELECT seq, created_at FROM audit_log ORDER BY seq DESC LIMIT 1"),
    keyChecks: values<[], Uint8Array>(selectKeyChecks),
    initKeyCheck: run<[Uint8Array]>("INSERT INTO key_check (id, sealed) VALUES (1, ?) ON CONFLICT DO NOTHING"),
  };
}

export const selectKeyChecks = "SELECT sealed FROM key_check ORDER BY id";

const putCounted = `INSERT INTO audit_origin (origin_id, last_seq, ${counterColumns.join(", ")}) VALUES (?, ?, ?, ?)
  ON CONFLICT (origin_id) DO UPDATE SET
    last_seq = excluded.last_seq, ${counterColumns.map((column) => `${column} = excluded.${column}`).join(", ")}`;

export function headOf(statements: Statements): Head {
  const head = statements.head.get();
  if (head === undefined) {
    throw new StoreFailure("unavailable", "the head of the audit log is gone");
  }
  return { seq: head.seq, rowHash: head.row_hash };
}
