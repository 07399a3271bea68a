import type { Secret } from "../domain/secret.ts";
import { type AuditRow, zeroHash } from "../ledger/row.ts";

// What a rehearsal writes and rolls back. No caller can write the same: names and ZIDs never contain `|`.

const nobody = "|rehearsal";
const noId = "00000000-0000-0000-0000-000000000000";
const noTime = "1970-01-01T00:00:00.000Z";
/** More than fits into the room that a page of the database has left. */
const payloadBytes = 16_384;

export const rehearsedSecret: Secret = {
  id: noId,
  name: nobody,
  purposeTag: null,
  boundZid: nobody,
  permissions: [],
  expiresZeqond: null,
  version: 1,
  sealedKey: new Uint8Array(),
  sealedValue: new Uint8Array(),
  createdAt: noTime,
  updatedAt: noTime,
  readCount: 0,
  lastReadZeqond: null,
};

/** Sequence number 0: no row of the log has it. */
export const rehearsedDenial = { seq: 0, zid: nobody, zeqond: 0 };

export function rehearsedRow(seq: number): AuditRow {
  return {
    seq,
    id: noId,
    originId: nobody,
    zeqondNumber: 0,
    actorZid: nobody,
    transitionType: "rehearsal",
    transitionId: noId,
    payloadJson: " ".repeat(payloadBytes),
    proofPurpose: nobody,
    proofDigest: zeroHash,
    prevHash: zeroHash,
    rowHash: zeroHash,
    createdAt: noTime,
  };
}
