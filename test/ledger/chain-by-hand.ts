import { createHash } from "node:crypto";
import type { AuditRow } from "../../src/ledger/row.ts";

/** What the contract says of a chain, section 4, with nothing of ours: the first seq that is wrong, or undefined. */
export function firstWrongRow(rows: readonly AuditRow[]): number | undefined {
  let prevHash = "0".repeat(64);
  for (const [index, row] of rows.entries()) {
    const name = row.originId.replace(/^zsc:/, "");
    const proof = sha256(`${name}|${row.actorZid}|${row.transitionId}|${row.proofPurpose}`);
    const right = row.seq === index + 1 && row.prevHash === prevHash && row.proofDigest === proof;
    if (!right || row.rowHash !== rowHashByHand(row)) {
      return index + 1;
    }
    prevHash = row.rowHash;
  }
  return undefined;
}

export function rowHashByHand(row: Omit<AuditRow, "rowHash">): string {
  const columns = [row.seq, row.id, row.originId, row.zeqondNumber, row.actorZid, row.transitionType, row.transitionId];
  const rest = [row.payloadJson, row.proofPurpose, row.proofDigest, row.prevHash, row.createdAt];
  return fieldsDigest("zsc-row-v1", [...columns, ...rest]);
}

/** `sealed_digest` of the columns of a row of `secret`, in the order of the table. */
export function sealedDigestByHand(columns: readonly Column[]): string {
  return fieldsDigest("zsc-vault-row-v1", columns);
}

/** What a column holds; null is NULL. */
export type Column = string | number | Buffer | null;

/** Each column behind its length, 4 bytes big endian; one that is absent is a length of 2^32 - 1 and nothing. */
function fieldsDigest(prefix: string, columns: readonly Column[]): string {
  const fields = columns.map((column) => {
    if (column === null) {
      return Buffer.from("ffffffff", "hex");
    }
    const bytes = Buffer.isBuffer(column) ? column : Buffer.from(String(column), "utf8");
    return Buffer.concat([Buffer.from(bytes.length.toString(16).padStart(8, "0"), "hex"), bytes]);
  });
  return sha256(Buffer.concat([Buffer.from(prefix), ...fields]));
}

export function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}
