import type { Secret } from "../domain/secret.ts";
import type { VaultRow } from "../domain/vault-row.ts";
import { changeTypes } from "../ledger/last-change.ts";
import { type AuditRow, auditColumns, rowPrefix } from "../ledger/row.ts";

/** The columns of `secret`. */
export const secretColumns = [
  "id",
  "name",
  "purpose_tag",
  "bound_zid",
  "permissions",
  "expires_zeqond",
  "version",
  "sealed_key",
  "sealed_value",
  "created_at",
  "updated_at",
] as const;

/** SQL that is true of the rows of `audit_log` that change a secret, word for word that of SQLite's index of them. */
export const isChange = `(${changeTypes.map((type) => `transition_type = '${type}'`).join(" OR ")})`;

const sealedColumns: readonly string[] = ["sealed_key", "sealed_value"];

/** SQL of a secret `s` with all its columns. */
export const wholeSecret = secretColumns.map((column) => `s.${column}`).join(", ");

/** The same with nothing in the place of what is sealed: many values at once can be large, and lists do not show them. */
export const secretMetadata = secretColumns
  .map((column) => (sealedColumns.includes(column) ? `'' AS ${column}` : `s.${column}`))
  .join(", ");

/** SQL of a row of `audit_log` as blocks have it; `separator` is SQL, too. */
export function blockRow(separator: string): string {
  return `concat('${rowPrefix}', ${auditColumns.map((column) => `${separator}, ${column}`).join(", ")})`;
}

/** The values of a row of `audit_log`, in the order of `auditColumns`. */
export function auditValues(row: AuditRow): (string | number)[] {
  return [
    row.seq,
    row.id,
    row.originId,
    row.zeqondNumber,
    row.actorZid,
    row.transitionType,
    row.transitionId,
    row.payloadJson,
    row.proofPurpose,
    row.proofDigest,
    row.prevHash,
    row.createdAt,
    row.rowHash,
  ];
}

/** The values of a row of `secret`, in the order of `secretColumns`. */
export function secretValues(secret: Secret): (string | number | Buffer | null)[] {
  return [
    secret.id,
    secret.name,
    secret.purposeTag,
    secret.boundZid,
    JSON.stringify(secret.permissions),
    secret.expiresZeqond,
    secret.version,
    bufferOf(secret.sealedKey),
    bufferOf(secret.sealedValue),
    secret.createdAt,
    secret.updatedAt,
  ];
}

/** A secret as the operations see it. */
export function secretOf(row: VaultRow, readCount: number, lastReadZeqond: number | null): Secret {
  const { permissionsJson, ...rest } = row;
  return { ...rest, permissions: permissionsOf(permissionsJson), readCount, lastReadZeqond };
}

/** Anything but a list of strings was altered: no ZID is permitted then, and the seal does not open either. */
function permissionsOf(json: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(json);
    return Array.isArray(list) && list.every((entry) => typeof entry === "string") ? list : [];
  } catch {
    return [];
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
