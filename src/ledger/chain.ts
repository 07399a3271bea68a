import { randomUUID } from "node:crypto";
import type { Moment } from "../domain/moment.ts";
import type { AuditDraft } from "./operation.ts";
import { type AuditRow, type Head, originIdOf, proofDigestOf, rowHashOf } from "./row.ts";

/** Gives drafts their places behind `head`: seq, prev_hash, proof_digest and row_hash. */
export function linkRows(head: Head, drafts: readonly AuditDraft[], now: Moment): readonly AuditRow[] {
  let { seq, rowHash: prevHash } = head;
  return drafts.map((draft) => {
    const transitionId = randomUUID();
    const row = {
      seq: ++seq,
      id: randomUUID(),
      originId: originIdOf(draft.subject),
      zeqondNumber: now.zeqond,
      actorZid: draft.actorZid,
      transitionType: draft.type,
      transitionId,
      payloadJson: JSON.stringify(draft.payload),
      proofPurpose: draft.purpose,
      proofDigest: proofDigestOf(draft.subject, draft.actorZid, transitionId, draft.purpose),
      prevHash,
      createdAt: now.iso,
    };
    prevHash = rowHashOf(row);
    return { ...row, rowHash: prevHash };
  });
}
