import type { VaultRow } from "../domain/vault-row.ts";
import type { AuditRow } from "../ledger/row.ts";
import type { Denial } from "../ledger/store.ts";
import { exactText } from "./exact-text.ts";

// A table may hold anything when verification reads it: an attacker may have altered its rows, and its columns. So
// nothing here throws, and nothing here mends.

/** A row of `audit_log` whose columns come in the order of `auditColumns`. */
export function auditRowOf(columns: readonly unknown[]): AuditRow {
  return {
    seq: numberOf(columns[0]),
    id: exactText(columns[1]),
    originId: exactText(columns[2]),
    zeqondNumber: numberOf(columns[3]),
    actorZid: exactText(columns[4]),
    transitionType: exactText(columns[5]),
    transitionId: exactText(columns[6]),
    payloadJson: exactText(columns[7]),
    proofPurpose: exactText(columns[8]),
    proofDigest: exactText(columns[9]),
    prevHash: exactText(columns[10]),
    createdAt: exactText(columns[11]),
    rowHash: exactText(columns[12]),
  };
}

/** A row of `secret` whose columns come in the order of `secretColumns`. */
export function vaultRowOf(columns: readonly unknown[]): VaultRow {
  return {
    id: exactText(columns[0]),
    name: exactText(columns[1]),
    purposeTag: columns[2] === null ? null : exactText(columns[2]),
    boundZid: exactText(columns[3]),
    permissionsJson: exactText(columns[4]),
    expiresZeqond: columns[5] === null ? null : numberOf(columns[5]),
    version: numberOf(columns[6]),
    sealedKey: bytesOf(columns[7]),
    sealedValue: bytesOf(columns[8]),
    createdAt: exactText(columns[9]),
    updatedAt: exactText(columns[10]),
  };
}

export const denialColumns = ["seq", "zid", "zeqond"] as const;

/** A row of `denial` whose columns come in the order of `denialColumns`. */
export function denialOf([seq, zid, zeqond]: readonly unknown[]): Denial {
  return { seq: numberOf(seq), zid: exactText(zid), zeqond: numberOf(zeqond) };
}

/** NaN for what is no number, or not written as one would be. Beyond 2^53, where we have none, a neighbour of it. */
export function numberOf(value: unknown): number {
  if (typeof value === "number") {
    return value;
  }
  const text = exactText(value);
  return /^(0|-?[1-9][0-9]*)$/.test(text) ? Number(text) : Number.NaN;
}

function bytesOf(value: unknown): Uint8Array {
  return Buffer.isBuffer(value) ? value : Buffer.from(exactText(value), "utf8");
}
