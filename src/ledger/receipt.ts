import type { AuditRow } from "./row.ts";

/** Proof that a transition was recorded (contract, section 3). */
export interface Receipt {
  readonly seq: number;
  readonly rowHash: string;
  readonly transitionId: string;
  readonly proofDigest: string;
  readonly zeqond: number;
}

/** The caller's receipt for a row. */
export function receiptOfRow(row: AuditRow): Receipt {
  const { seq, rowHash, transitionId, proofDigest, zeqondNumber: zeqond } = row;
  return { seq, rowHash, transitionId, proofDigest, zeqond };
}

/** The form of a receipt in the header `zsc-receipt`. */
export function receiptText(receipt: Receipt): string {
  return `${receipt.seq}.${receipt.rowHash}`;
}
