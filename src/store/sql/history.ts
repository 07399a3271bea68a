import { setImmediate } from "node:timers/promises";
import type { AuditSelection } from "../../ledger/index.ts";

/** What the way through the rows of an origin needs of a row. What was read may hold anything. */
export interface RowLink {
  readonly seq: number;
  readonly originId: string;
  readonly type: string;
  /** The row before it that has the same origin, 0 for none. */
  readonly before: unknown;
}

/** The log as it is walked through. */
export interface LogLinks {
  /** The last row of an origin; undefined when there is none. */
  lastOf(originId: string): Promise<number | undefined>;
  /** The row `seq` and the rows that its pointers lead back to, each from the one before, at most `most`. */
  walk(seq: number, most: number): Promise<readonly RowLink[]>;
  /** The rows of the log before `seq`, newest first, at most `most`. */
  before(seq: number, most: number): Promise<readonly RowLink[]>;
}

/** Rows that are looked at in one step. */
const rowsPerStep = 500;

/**
 * The `seq` of the rows of one origin, newest first: from the last one back, by their pointers. A pointer that cannot be
 * right was changed by hand; from there on the rows are looked for one by one, so that it hides none of them.
 * Verification finds also the wrong ones that might be right.
 */
export async function rowsOfOrigin(
  log: LogLinks,
  { originId, typePrefix, beforeSeq }: AuditSelection,
  limit: number,
): Promise<readonly number[]> {
  const found: number[] = [];
  const take = ({ seq, type }: RowLink) => {
    if (found.length < limit && type.startsWith(typePrefix)) {
      found.push(seq);
    }
  };
  let bound = beforeSeq ?? Number.MAX_SAFE_INTEGER;
  for (let seq = await startOf(log, originId, bound); seq > 0 && found.length < limit; ) {
    const links = await log.walk(seq, rowsPerStep);
    let isRight = true;
    for (const link of links) {
      isRight = link.originId === originId && isBefore(link.before, seq);
      if (!isRight) {
        break;
      }
      if (seq < bound) {
        take(link);
        bound = seq;
      }
      seq = link.before as number;
    }
    // A walk that is short of rows came to one that is not there.
    if (!isRight || (seq > 0 && links.length < rowsPerStep)) {
      await scan(log, originId, bound, () => found.length < limit, take);
      return found;
    }
    await setImmediate();
  }
  return found;
}

function isBefore(before: unknown, seq: number): before is number {
  return typeof before === "number" && before >= 0 && before < seq;
}

/** The last row of an origin, or the one before the row at `bound`, which is usually where the last page ended. */
async function startOf(log: LogLinks, originId: string, bound: number): Promise<number> {
  const [link] = bound === Number.MAX_SAFE_INTEGER ? [] : await log.walk(bound, 1);
  const before = link?.before;
  return link?.originId === originId && isBefore(before, bound) ? before : ((await log.lastOf(originId)) ?? 0);
}

/** Looks at every row of the log before `bound`. */
async function scan(
  log: LogLinks,
  originId: string,
  bound: number,
  goesOn: () => boolean,
  take: (link: RowLink) => void,
): Promise<void> {
  for (let end = bound; goesOn(); ) {
    const links = await log.before(end, rowsPerStep);
    for (const link of links) {
      if (link.originId === originId) {
        take(link);
      }
    }
    const reached = links.at(-1)?.seq ?? end;
    if (!(reached < end)) {
      return;
    }
    end = reached;
    await setImmediate();
  }
}
