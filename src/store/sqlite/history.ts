import { setImmediate } from "node:timers/promises";
import type { AuditSelection, ListedRow } from "../../ledger/index.ts";
import { auditRowOf } from "../sql/index.ts";
import type { RowLink, Statements } from "./statements.ts";

/** Rows that are looked at in one turn of the event loop. */
const rowsPerTurn = 500;

/**
 * Rows of one origin, newest first: from the last one back, by `before_seq`. A pointer that cannot be right was changed
 * by hand; from there on the rows are looked for one by one, so that it hides none of them. Verification finds also the
 * wrong ones that might be right.
 */
export async function rowsOfOrigin(
  statements: Statements,
  about: AuditSelection,
  limit: number,
): Promise<readonly ListedRow[]> {
  const found = await findRows(statements, about, limit);
  return statements.listedAt.all(JSON.stringify(found)).map(auditRowOf);
}

async function findRows(
  statements: Statements,
  { originId, typePrefix, beforeSeq }: AuditSelection,
  limit: number,
): Promise<readonly number[]> {
  const found: number[] = [];
  const take = ({ seq, type }: RowLink) => {
    if (found.length < limit && String(type).startsWith(typePrefix)) {
      found.push(seq);
    }
  };
  let bound = beforeSeq ?? Number.MAX_SAFE_INTEGER;
  let seq = startOf(statements, originId, bound);
  for (let steps = 1; seq > 0 && found.length < limit; steps++) {
    const link = statements.linkAt.get(seq);
    const before = link?.before;
    if (link?.originId !== originId || !isBefore(before, seq)) {
      await scan(statements, originId, bound, () => found.length < limit, take);
      return found;
    }
    if (seq < bound) {
      take(link);
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
  const link = bound === Number.MAX_SAFE_INTEGER ? undefined : statements.linkAt.get(bound);
  const before = link?.before;
  return link?.originId === originId && isBefore(before, bound) ? before : (statements.lastOfOrigin.get(originId) ?? 0);
}

/** Looks at every row of the log before `bound`. */
async function scan(
  statements: Statements,
  originId: string,
  bound: number,
  goesOn: () => boolean,
  take: (link: RowLink) => void,
): Promise<void> {
  for (let end = bound; goesOn(); ) {
    const links = statements.linksBefore.all(end, rowsPerTurn);
    for (const link of links) {
      if (link.originId === originId) {
        take(link);
      }
    }
    const reached = links.at(-1)?.seq ?? end;
    if (reached >= end) {
      return;
    }
    end = reached;
    await setImmediate();
  }
}
