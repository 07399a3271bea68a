import { type AuditRow, type Head, proofDigestOf, rowHashOf, subjectOf, zeroHash } from "./row.ts";

/** Where the log is not what the chain says. */
export interface Break {
  /** A changed row: its own. A missing one: the missing number. */
  readonly seq: number;
  readonly why: string;
}

/**
 * Follows the chain one row at a time, in constant memory. Rows MUST come in the order of `seq`.
 *
 * A row whose hash is right but unlike what its successor says of it was rewritten; which of the two it was, the row
 * after them tells. So a break is known one row late, and `end` may know one more.
 */
export class ChainWalk {
  #last: Link = { seq: 0, rowHash: zeroHash };
  /** Two rows that do not fit together, waiting for a third. */
  #suspects: { readonly before: Link; readonly after: Link } | undefined;

  /** Takes the next row; returns the break once there is one. Nothing may be taken after a break. */
  next(row: AuditRow): Break | undefined {
    const suspects = this.#suspects;
    // A witness may have been changed itself: as long as it agrees with the row before it, it is good enough.
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

/** `saidOfAfter` is what a witness, the row behind the suspects or the head, says of the second one. */
function blame({ before, after }: { before: Link; after: Link }, saidOfAfter: string | undefined): Break {
  if (before.seq === 0) {
    return { seq: after.seq, why: "its prev_hash is not that of a first row" };
  }
  return saidOfAfter === after.rowHash
    ? { seq: before.seq, why: "the row after it has another row_hash for it" }
    : { seq: after.seq, why: "its prev_hash is not the row_hash of the row before it" };
}

/** The first row that a head which is too low leaves out. */
function afterHead({ seq }: Head): number {
  return Number.isSafeInteger(seq) && seq >= 0 ? seq + 1 : 1;
}
