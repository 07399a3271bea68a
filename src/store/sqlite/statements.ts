import type { Secret } from "../../domain/secret.ts";
import type { VaultRow } from "../../domain/vault-row.ts";
import { type ChangeRow, payloadEndBytes } from "../../ledger/last-change.ts";
import { auditColumns, type Head } from "../../ledger/row.ts";
import { StoreFailure } from "../../ledger/store.ts";
import { isChange, secretColumns, secretMetadata, secretOf, wholeSecret } from "../columns.ts";
import type { Sqlite } from "./database.ts";

export interface SecretRecord {
  readonly id: string;
  readonly name: string;
  readonly purpose_tag: string | null;
  readonly bound_zid: string;
  readonly permissions: string;
  readonly expires_zeqond: number | null;
  readonly version: number;
  readonly sealed_key: Uint8Array;
  readonly sealed_value: Uint8Array;
  readonly created_at: string;
  readonly updated_at: string;
  readonly read_count: number | null;
  readonly last_read_zeqond: number | null;
}

interface NewestRecord {
  readonly seq: number;
  readonly created_at: string;
}

// A join is planned again whenever a parameter changes (SQLITE_ENABLE_STAT4), which takes five times as long as the rest.
const counterOf = (column: string) => `(SELECT c.${column} FROM read_counter c WHERE c.secret_id = s.id) AS ${column}`;

const fromSecrets = `${counterOf("read_count")}, ${counterOf("last_read_zeqond")} FROM secret s`;

const selectSecret = `SELECT ${wholeSecret}, ${fromSecrets}`;

export const selectMetadata = `SELECT ${secretMetadata}, ${fromSecrets}`;

const selectAudit = `SELECT ${auditColumns.join(", ")} FROM audit_log`;

/** The rows of the index `audit_log_by_change`. */
export const selectLastChange = `SELECT transition_type AS transitionType, substr(payload_json, -${payloadEndBytes}) AS payloadEnd
  FROM audit_log WHERE origin_id = ? AND ${isChange} ORDER BY seq DESC LIMIT 1`;

interface Command<P extends unknown[]> {
  run(...parameters: P): { readonly changes: number };
}

interface Query<P extends unknown[], R> {
  get(...parameters: P): R | undefined;
  all(...parameters: P): R[];
  iterate(...parameters: P): Iterable<R>;
}

export type Statements = ReturnType<typeof statementsOf>;

/** Every statement of the store, prepared once. */
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
    secretByName: rows<[string], SecretRecord>(`${selectSecret} WHERE s.name = ?`),
    /** As it is stored, without what decoding may mend. */
    storedSecret: arrays<[string]>(`SELECT ${asBytes(secretColumns)} FROM secret WHERE name = ?`),
    lastChange: rows<[string], ChangeRow>(selectLastChange),
    denialsOf: values<[string, number, number], number>(
      "SELECT zeqond FROM denial WHERE zid = ? AND zeqond > ? AND zeqond <= ?",
    ),
    rowHashAt: values<[number], string>("SELECT row_hash FROM audit_log WHERE seq = ?"),
    insertRow: run(`INSERT INTO audit_log (${auditColumns.join(", ")}) VALUES (${marks(auditColumns.length)})`),
    insertSecret: run(`INSERT INTO secret (${secretColumns.join(", ")}) VALUES (${marks(secretColumns.length)})`),
    updateSecret: run(
      `UPDATE secret SET ${secretColumns.map((column) => `${column} = ?`).join(", ")} WHERE id = ? AND version = ?`,
    ),
    deleteSecret: run<[string, number]>("DELETE FROM secret WHERE id = ? AND version = ?"),
    deleteCounter: run<[string]>("DELETE FROM read_counter WHERE secret_id = ?"),
    putCounter: run<[string, number, number | null]>(
      "INSERT INTO read_counter (secret_id, read_count, last_read_zeqond) VALUES (?, ?, ?) " +
        "ON CONFLICT (secret_id) DO UPDATE SET read_count = excluded.read_count, " +
        "last_read_zeqond = excluded.last_read_zeqond",
    ),
    insertDenial: run<[number, string, number]>("INSERT INTO denial (seq, zid, zeqond) VALUES (?, ?, ?)"),
    forgetDenials: run<[string, number]>("DELETE FROM denial WHERE zid = ? AND zeqond <= ?"),
    moveHead: run<[number, string, number, string]>(
      "UPDATE audit_head SET seq = ?, row_hash = ? WHERE id = 1 AND seq = ? AND row_hash = ?",
    ),
    touchHead: run<[]>("UPDATE audit_head SET seq = seq WHERE id = 1"),
    list: rows<[string, number], SecretRecord>(`${selectMetadata} WHERE s.name > ? ORDER BY s.name LIMIT ?`),
    audit: arrays<[string, number, number]>(
      `${selectAudit} WHERE origin_id = ? AND substr(transition_type, 1, 7) = 'secret_' AND seq < ? ORDER BY seq DESC LIMIT ?`,
    ),
    due: values<[number, string, number], string>(
      "SELECT name FROM secret WHERE expires_zeqond <= ? AND name > ? ORDER BY name LIMIT ?",
    ),
    newest: rows<[], NewestRecord>("SELECT seq, created_at FROM audit_log ORDER BY seq DESC LIMIT 1"),
    countSecrets: values<[], number>("SELECT COUNT(*) FROM secret"),
    keyCheck: values<[], Uint8Array>("SELECT sealed FROM key_check WHERE id = 1"),
    initKeyCheck: run<[Uint8Array]>("INSERT INTO key_check (id, sealed) VALUES (1, ?) ON CONFLICT DO NOTHING"),
  };
}

export function headOf(statements: Statements): Head {
  const head = statements.head.get();
  if (head === undefined) {
    throw new StoreFailure("unavailable", "the head of the audit log is gone");
  }
  return { seq: head.seq, rowHash: head.row_hash };
}

/** Columns as they are stored; integers as their digits. */
export function asBytes(columns: readonly string[]): string {
  return columns.map((column) => `CAST(${column} AS BLOB)`).join(", ");
}

function marks(count: number): string {
  return Array(count).fill("?").join(", ");
}

export function secretFromRecord(record: SecretRecord): Secret {
  return secretOf(recordToRow(record), record.read_count ?? 0, record.last_read_zeqond);
}

export function recordToRow(record: SecretRecord): VaultRow {
  return {
    id: record.id,
    name: record.name,
    purposeTag: record.purpose_tag,
    boundZid: record.bound_zid,
    permissionsJson: record.permissions,
    expiresZeqond: record.expires_zeqond,
    version: record.version,
    sealedKey: record.sealed_key,
    sealedValue: record.sealed_value,
    createdAt: record.created_at,
    updatedAt: record.updated_at,
  };
}
