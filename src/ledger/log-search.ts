import { setImmediate as turn } from "node:timers/promises";
import type { Reader } from "./reader.ts";
import type { Head } from "./row.ts";
import type { FollowingRow, RowSelection } from "./store.ts";

/** Rows that one statement looks at: the embedded database does nothing else meanwhile. */
const sliceRows = 5_000;
const pageRows = 500;
/** How far a row may be out of order by its time: the clocks of servers differ, and are set. */
const skewMs = 60_000;

/** Unix milliseconds, inclusive. */
export interface TimeWindow {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/** The rows from one `seq` on and before another, newest first. */
export async function* rowsOf(
  reader: Pick<Reader, "rowsBefore">,
  select: Partial<RowSelection>,
  [fromSeq, end]: readonly [number, number],
  atLeast: Head,
): AsyncIterable<FollowingRow> {
  for (let beforeSeq = end; beforeSeq > fromSeq; ) {
    const slice = { fromSeq: Math.max(fromSeq, beforeSeq - sliceRows), beforeSeq };
    const page = await reader.rowsBefore({ ...select, ...slice }, pageRows, atLeast);
    yield* page;
    beforeSeq = page.at(-1)?.row.seq ?? slice.fromSeq;
    await turn();
  }
}

/** Where the rows of a time are at most: from `start` on, and before `end`. */
export async function boundsOf(reader: Pick<Reader, "rowsBefore">, { fromMs, toMs }: TimeWindow, atLeast: Head) {
  return {
    start: fromMs === undefined ? 1 : await firstAfter(reader, fromMs - skewMs, atLeast),
    end: toMs === undefined ? atLeast.seq + 1 : await firstAfter(reader, toMs + skewMs, atLeast),
  };
}

/** The first row after a moment; what comes after the last one when none is. */
async function firstAfter(reader: Pick<Reader, "rowsBefore">, unixMs: number, atLeast: Head): Promise<number> {
  let low = 1;
  let high = atLeast.seq + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [found] = await reader.rowsBefore({ fromSeq: 1, beforeSeq: middle + 1 }, 1, atLeast);
    if (found !== undefined && Date.parse(found.row.createdAt) > unixMs) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return high;
}
