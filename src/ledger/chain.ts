import { randomUUID } from "node:crypto";
import type { Moment } from "../base/index.ts";
import type { AuditDraft } from "./operation.ts";
import { type AuditRow, type Head, originIdOf, proofDigestOf, rowHashOf } from "./row.ts";

/** A row without its position in the chain. */
export type LooseRow = Omit<AuditRow, "seq" | "prevHash" | "rowHash">;

/** Makes a row without its position in the chain. Throws when its payload cannot be serialised as JSON. */
export function looseRow(draft: AuditDraft, now: Moment): LooseRow {
  const transitionId = randomUUID();
  return {
    id: randomUUID(),
    originId: originIdOf(draft.subject),
    zeqondNumber: now.zeqond,
    actorZid: draft.actorZid,
    transitionType: draft.type,
    transitionId,
    payloadJson: JSON.stringify(draft.payload),
    proofPurpose: draft.purpose,
    proofDigest: proofDigestOf(draft.subject, draft.actorZid, transitionId, draft.purpose),
    createdAt: now.iso,
  };
}

/** Appends rows to the chain after `head`: sets seq, prev_hash and row_hash. */
export function linkRows(head: Head, rows: readonly LooseRow[]): readonly AuditRow[] {
  let { seq, rowHash: prevHash } = head;
  return rows.map((loose) => {
    const row = { ...loose, seq: ++seq, prevHash };
    prevHash = rowHashOf(row);
    return { ...row, rowHash: prevHash };
  });
}
