import { type Moment, randomUuid } from "../base/index.ts";
import type { AuditDraft } from "./operation.ts";
import { type AuditRow, type Head, proofDigestOf, rowHashOf, subjectOf, zeroHash } from "./row.ts";

/** A row that has no position in the chain until it is linked: `seq` is 0. */
export type LooseRow = { -readonly [F in keyof AuditRow]: AuditRow[F] };

/** Makes a row without its position in the chain. Throws when its payload cannot be serialised as JSON. */
export function looseRow(draft: AuditDraft, now: Moment): LooseRow {
  const transitionId = randomUuid();
  return {
    seq: 0,
    id: randomUuid(),
    originId: draft.originId,
    zeqondNumber: now.zeqond,
    actorZid: draft.actorZid,
    transitionType: draft.type,
    transitionId,
    payloadJson: JSON.stringify(draft.payload),
    proofPurpose: draft.purpose,
    proofDigest: proofDigestOf(subjectOf(draft.originId), draft.actorZid, transitionId, draft.purpose),
    prevHash: zeroHash,
    rowHash: zeroHash,
    createdAt: now.iso,
  };
}

/** Appends rows to the chain after `head`: sets their seq, prev_hash and row_hash in place. */
export function linkRows(head: Head, rows: readonly LooseRow[]): readonly AuditRow[] {
  let { seq, rowHash } = head;
  for (const row of rows) {
    seq += 1;
    row.seq = seq;
    row.prevHash = rowHash;
    rowHash = rowHashOf(row);
    row.rowHash = rowHash;
  }
  return rows;
}
