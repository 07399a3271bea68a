import { FieldWriter } from "./fields.ts";

/** A row of the vault table as stored, without the read counters. */
export interface VaultRow {
  readonly id: string;
  readonly name: string;
  readonly purposeTag: string | null;
  readonly boundZid: string;
  /** `JSON.stringify` of the list. */
  readonly permissionsJson: string;
  readonly expiresZeqond: number | null;
  readonly version: number;
  readonly sealedKey: Uint8Array;
  readonly sealedValue: Uint8Array;
  /** ISO 8601, UTC, milliseconds. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

const writer = new FieldWriter("zsc-vault-row-v1");

/**
 * `sealed_digest` of the audit log (contract, section 4): SHA-256 over the whole row, 64 lower-case hex digits. A row
 * that an attacker with write access to the tables restored, altered or added does not match the digest in the log.
 */
export function vaultRowDigest(row: VaultRow): string {
  return writer
    .start()
    .text(row.id)
    .text(row.name)
    .textOrAbsent(row.purposeTag)
    .text(row.boundZid)
    .text(row.permissionsJson)
    .textOrAbsent(row.expiresZeqond === null ? null : String(row.expiresZeqond))
    .text(String(row.version))
    .bytes(row.sealedKey)
    .bytes(row.sealedValue)
    .text(row.createdAt)
    .text(row.updatedAt)
    .digest();
}
