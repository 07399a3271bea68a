import type { RowDataPacket } from "mysql2/promise";
import type { VaultRow } from "../../domain/vault-row.ts";
import { isAsRecorded, payloadEndBytes } from "../../ledger/last-change.ts";
import { auditColumns, originIdOf } from "../../ledger/row.ts";
import { type Loaded, type LoadRequest, StoreFailure } from "../../ledger/store.ts";
import { secretColumns, secretMetadata, secretOf, wholeSecret } from "../columns.ts";
import { vaultRowOf as storedRowOf } from "../rows.ts";
import type { Connection, Results } from "./connection.ts";

const fromSecrets = "c.read_count, c.last_read_zeqond FROM secret s LEFT JOIN read_counter c ON c.secret_id = s.id";

const selectSecret = `SELECT ${wholeSecret}, ${fromSecrets}`;

export const selectMetadata = `SELECT ${secretMetadata}, ${fromSecrets}`;

export const selectAudit = `SELECT ${auditColumns.join(", ")} FROM audit_log`;

/** The rows of the index `audit_log_by_change`. */
export const selectLastChange = `SELECT transition_type, RIGHT(payload_json, ${payloadEndBytes}) AS payload_end
  FROM audit_log WHERE change_of = ? ORDER BY seq DESC LIMIT 1`;

export const selectHead = "SELECT seq, row_hash FROM audit_head WHERE id = 1";

/**
 * First round trip of a batch: locks the head, then loads. READ COMMITTED gives each statement a view of its own, so
 * what follows the lock sees the newest committed rows.
 */
export async function lockAndLoad(connection: Connection, request: LoadRequest): Promise<Loaded> {
  const statements = [`${selectHead} FOR UPDATE`];
  const values: unknown[] = [];
  const ask = (wanted: boolean, sql: string, ...parameters: unknown[]) => {
    if (!wanted) {
      return -1;
    }
    values.push(...parameters);
    return statements.push(sql) - 1;
  };
  const { secrets, denials, changes, rowHashesAt, denialsAfterZeqond, denialsUntilZeqond } = request;
  const secretsAt = ask(secrets.length > 0, `${selectSecret} WHERE s.name IN (?)`, secrets);
  const denialsAt = ask(
    denials.length > 0,
    "SELECT zid, zeqond FROM denial WHERE zid IN (?) AND zeqond > ? AND zeqond <= ?",
    denials,
    denialsAfterZeqond,
    denialsUntilZeqond,
  );
  const hashesAt = ask(rowHashesAt.length > 0, "SELECT seq, row_hash FROM audit_log WHERE seq IN (?)", rowHashesAt);
  const changesAt = changes.map((name) => ask(true, selectLastChange, originIdOf(name)));
  const results = await connection.run(statements, values);
  const rows = new Map(rowsAt(results, secretsAt).map((row) => [textOf(row["name"]), row]));
  return {
    head: headOf(rowsAt(results, 0)),
    secrets: new Map([...rows].map(([name, row]) => [name, secretFromRow(row)])),
    denials: groupDenials(rowsAt(results, denialsAt)),
    asRecorded: new Set(
      changes.filter((name, index) => isStoredAsRecorded(rows.get(name), rowsAt(results, changesAt[index] ?? -1)[0])),
    ),
    rowHashes: new Map(rowsAt(results, hashesAt).map((row) => [Number(row["seq"]), String(row["row_hash"])])),
  };
}

export function headOf(rows: readonly RowDataPacket[]) {
  const [head] = rows;
  if (head === undefined) {
    throw new StoreFailure("unavailable", "the head of the audit log is gone");
  }
  return { seq: Number(head["seq"]), rowHash: String(head["row_hash"]) };
}

export function rowsAt(results: Results, index: number): readonly RowDataPacket[] {
  const rows = results[index];
  return Array.isArray(rows) ? rows : [];
}

function isStoredAsRecorded(row: RowDataPacket | undefined, last: RowDataPacket | undefined): boolean {
  const stored = row && storedRowOf(secretColumns.map((column) => row[column]));
  const change = last && { transitionType: textOf(last["transition_type"]), payloadEnd: textOf(last["payload_end"]) };
  return isAsRecorded(stored, change);
}

function groupDenials(rows: readonly RowDataPacket[]): Map<string, number[]> {
  const denials = new Map<string, number[]>();
  for (const row of rows) {
    const zid = textOf(row["zid"]);
    const zeqonds = denials.get(zid);
    if (zeqonds === undefined) {
      denials.set(zid, [Number(row["zeqond"])]);
    } else {
      zeqonds.push(Number(row["zeqond"]));
    }
  }
  return denials;
}

export function secretFromRow(row: RowDataPacket) {
  return secretOf(vaultRowOf(row), Number(row["read_count"] ?? 0), numberOrNull(row["last_read_zeqond"]));
}

export function vaultRowOf(row: RowDataPacket): VaultRow {
  const tag: unknown = row["purpose_tag"];
  return {
    id: textOf(row["id"]),
    name: textOf(row["name"]),
    purposeTag: tag === null ? null : textOf(tag),
    boundZid: textOf(row["bound_zid"]),
    permissionsJson: textOf(row["permissions"]),
    expiresZeqond: numberOrNull(row["expires_zeqond"]),
    version: Number(row["version"]),
    sealedKey: bytesOf(row["sealed_key"]),
    sealedValue: bytesOf(row["sealed_value"]),
    createdAt: textOf(row["created_at"]),
    updatedAt: textOf(row["updated_at"]),
  };
}

export function textOf(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString("utf8") : String(value);
}

function bytesOf(value: unknown): Uint8Array {
  return Buffer.isBuffer(value) ? value : Buffer.from(String(value));
}

function numberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
