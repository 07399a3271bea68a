import { type AuditRow, type Head, proofDigestOf, rowHashOf, subjectOf, zeroHash } from "../ledger/index.ts";
/** The first row at which the chain is broken. */
export interface Break {
  /** The `seq` of the changed or missing row. */
  readonly seq: number;
  readonly why: string;
}

/**
 * Verifies the chain one row at a time, in constant memory. Rows MUST come in the order of `seq`.
 *
 * When a row's hash is valid but differs from its successor's `prev_hash`, one of the two was rewritten; the row after
 * them shows which. So a break is reported one row late, and `end` may report one more.
 */
export class ChainWalk {
  #last: Link;
  /** Two adjacent rows that do not match, kept until the next row shows which of them was rewritten. */
  #suspects: { readonly before: Link; readonly after: Link } | undefined;

  /** @param before the row before the first one; by default the log begins with that */
  constructor(before: Link = { seq: 0, rowHash: zeroHash }) {
    this.#last = before;
  }

  /** Verifies the next row; returns the break if there is one. MUST NOT be called again after a break. */
  next(row: AuditRow): Break | undefined {
    const suspects = this.#suspects;
    // The witness is not verified itself: it is enough that it matches the row before it.
    if (suspects !== undefined) {
      return blame(suspects, row.seq === suspects.after.seq + 1 ? row.prevHash : undefined);
    }
    const broken = checkPlace(row, this.#last.seq + 1) ?? checkContent(row);
    if (broken !== undefined) {
      return broken;
    }
    if (row.prevHash !== this.#last.rowHash) {
      this.#suspects = { before: this.#last, after: row };
    }
    this.#last = row;
    return undefined;
  }

  /** Compares the last row with the head; returns the break if there is one. */
  end(head: Head): Break | undefined {
    const suspects = this.#suspects;
    const last = this.#last;
    if (suspects !== undefined) {
      return blame(suspects, head.seq === last.seq ? head.rowHash : undefined);
    }
    if (head.seq > last.seq) {
      return { seq: last.seq + 1, why: `the row is missing: the head is at ${head.seq}` };
    }
    if (head.seq !== last.seq) {
      return { seq: afterHead(head), why: `the head of the log is at ${head.seq}, before it` };
    }
    if (head.rowHash !== last.rowHash) {
      return { seq: last.seq, why: "the head of the log has another row_hash for it" };
    }
    return undefined;
  }
}

interface Link {
  readonly seq: number;
  readonly rowHash: string;
}

function checkPlace({ seq }: AuditRow, expected: number): Break | undefined {
  if (seq === expected) {
    return undefined;
  }
  return seq < expected
    ? { seq, why: "the row has no place in the chain" }
    : { seq: expected, why: "the row is missing" };
}

/** Whether the columns of a row give its hashes. */
export function isIntact(row: AuditRow): boolean {
  return checkContent(row) === undefined;
}

function checkContent(row: AuditRow): Break | undefined {
  if (rowHashOf(row) !== row.rowHash) {
    return { seq: row.seq, why: "its columns do not give its row_hash" };
  }
  const digest = proofDigestOf(subjectOf(row.originId), row.actorZid, row.transitionId, row.proofPurpose);
  if (digest !== row.proofDigest) {
    return { seq: row.seq, why: "its columns do not give its proof_digest" };
  }
  return undefined;
}

/** `saidOfAfter` is the hash of the second suspect according to the next row or the head. */
function blame({ before, after }: { before: Link; after: Link }, saidOfAfter: string | undefined): Break {
  if (before.seq === 0) {
    return { seq: after.seq, why: "its prev_hash is not that of a first row" };
  }
  return saidOfAfter === after.rowHash
    ? { seq: before.seq, why: "the row after it has another row_hash for it" }
    : { seq: after.seq, why: "its prev_hash is not the row_hash of the row before it" };
}

/** The first row after a head that is too low. */
function afterHead({ seq }: Head): number {
  return Number.isSafeInteger(seq) && seq >= 0 ? seq + 1 : 1;
}
