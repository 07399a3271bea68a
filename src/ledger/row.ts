import { hash } from "node:crypto";
import { FieldWriter } from "../base/index.ts";

/** One row of the audit log, with the exact texts that its hash covers. */
export interface AuditRow {
  /** Position in the chain, from 1, without gaps. */
  readonly seq: number;
  readonly id: string;
  readonly originId: string;
  readonly zeqondNumber: number;
  readonly actorZid: string;
  readonly transitionType: string;
  readonly transitionId: string;
  /** The exact text that was hashed. */
  readonly payloadJson: string;
  /** The 4th input of `proofDigest`. */
  readonly proofPurpose: string;
  readonly proofDigest: string;
  readonly prevHash: string;
  readonly rowHash: string;
  /** ISO 8601, UTC, milliseconds. */
  readonly createdAt: string;
}

/** A row as lists have it: no list shows a payload, and many of them may take more memory than there is. */
export type ListedRow = Omit<AuditRow, "payloadJson">;

/** The columns of `audit_log`: the hashed ones, in the order of hashing, then the hash (contract, section 4). */
export const auditColumns = [
  "seq",
  "id",
  "origin_id",
  "zeqond_number",
  "actor_zid",
  "transition_type",
  "transition_id",
  "payload_json",
  "proof_purpose",
  "proof_digest",
  "prev_hash",
  "created_at",
  "row_hash",
] as const;

/** The last row of the chain. */
export interface Head {
  readonly seq: number;
  readonly rowHash: string;
}

/** `prev_hash` of the first row, and the head of an empty log. */
export const zeroHash = "0".repeat(64);

/** The prefix of the input of `row_hash`. */
export const rowPrefix = "zsc-row-v1";

const writer = new FieldWriter(rowPrefix);

/** `row_hash` (contract, section 4): SHA-256 over the length-prefixed columns, 64 lower-case hex digits. */
export function rowHashOf(row: Omit<AuditRow, "rowHash">): string {
  return writer
    .start()
    .text(String(row.seq))
    .text(row.id)
    .text(row.originId)
    .text(String(row.zeqondNumber))
    .text(row.actorZid)
    .text(row.transitionType)
    .text(row.transitionId)
    .text(row.payloadJson)
    .text(row.proofPurpose)
    .text(row.proofDigest)
    .text(row.prevHash)
    .text(row.createdAt)
    .digest();
}

/** `proof_digest` (contract, section 4): hex SHA-256 of `subject|actor|transition|purpose`. */
export function proofDigestOf(subject: string, actorZid: string, transitionId: string, purpose: string): string {
  return hash("sha256", `${subject}|${actorZid}|${transitionId}|${purpose}`, "hex");
}

/** The prefix of an `origin_id`. */
export const originPrefix = "zsc:";

/** The `origin_id` of a subject: a name, or `*` for all. */
export function originIdOf(subject: string): string {
  return originPrefix + subject;
}

/** The name that a row's `proof_digest` covers. */
export function subjectOf(originId: string): string {
  return originId.startsWith(originPrefix) ? originId.slice(originPrefix.length) : originId;
}
