import { setImmediate } from "node:timers/promises";
import { type AuditRow, type AuditSelection, auditColumns } from "../../ledger/index.ts";
import { auditRowOf } from "../sql/index.ts";
import type { Statements } from "./statements.ts";

const originAt = auditColumns.indexOf("origin_id");
const typeAt = auditColumns.indexOf("transition_type");
const beforeAt = auditColumns.length;
/** Rows that are looked at in one turn of the event loop. */
const rowsPerTurn = 500;
/** The same without pointers, by ranges of `seq`. */
const seqsPerTurn = 5_000;

/**
 * Rows of one origin, newest first: from the last one back, by `before_seq`. A pointer that cannot be right was changed
 * by hand; from there on the rows are looked for one by one, so that it hides none of them. Verification finds also the
 * wrong ones that might be right.
 */
export async function rowsOfOrigin(
  statements: Statements,
  { originId, typePrefix, beforeSeq }: AuditSelection,
  limit: number,
): Promise<readonly AuditRow[]> {
  const found: AuditRow[] = [];
  const take = (row: readonly unknown[]) => {
    if (String(row[typeAt]).startsWith(typePrefix)) {
      found.push(auditRowOf(row));
    }
  };
  let bound = beforeSeq ?? Number.MAX_SAFE_INTEGER;
  let seq = startOf(statements, originId, bound);
  for (let steps = 1; seq > 0 && found.length < limit; steps++) {
    const row = statements.rowAt.get(seq);
    const before = row?.[beforeAt];
    if (row === undefined || row[originAt] !== originId || !isBefore(before, seq)) {
      return await scan(statements, originId, bound, { found, take, limit });
    }
    if (seq < bound) {
      take(row);
      bound = seq;
    }
    seq = before;
    if (steps % rowsPerTurn === 0) {
      await setImmediate();
    }
  }
  return found;
}

function isBefore(before: unknown, seq: number): before is number {
  return typeof before === "number" && before >= 0 && before < seq;
}

/** The last row of an origin, or the one before the row at `bound`, which is usually where the last page ended. */
function startOf(statements: Statements, originId: string, bound: number): number {
  const row = bound === Number.MAX_SAFE_INTEGER ? undefined : statements.rowAt.get(bound);
  const before = row?.[beforeAt];
  return row?.[originAt] === originId && isBefore(before, bound)
    ? before
    : (statements.lastOfOrigin.get(originId) ?? 0);
}

interface Search {
  readonly found: AuditRow[];
  take(row: readonly unknown[]): void;
  readonly limit: number;
}

/** Looks at every row of the log before `bound`. */
async function scan(
  statements: Statements,
  originId: string,
  bound: number,
  { found, take, limit }: Search,
): Promise<readonly AuditRow[]> {
  let end = Math.min(bound, Number(statements.newest.get()?.seq ?? 0) + 1);
  while (end > 1 && found.length < limit) {
    const start = Math.max(1, end - seqsPerTurn);
    for (const row of statements.rowsOfOriginWithin.all(originId, start, end)) {
      take(row);
    }
    end = start;
    await setImmediate();
  }
  return found.slice(0, limit);
}
