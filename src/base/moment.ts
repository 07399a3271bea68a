import type { Clock } from "./clock.ts";
import { zeqondAt } from "./zeqond.ts";

/** One reading of the clock. All rows of a batch share it. */
export interface Moment {
  /** Milliseconds since the Unix epoch. */
  readonly unixMs: number;
  /** The same in Zeqonds. */
  readonly zeqond: number;
  /** The same as ISO 8601, UTC, milliseconds. */
  readonly iso: string;
}

export function momentOf(clock: Clock): Moment {
  const unixMs = clock.nowMs();
  return { unixMs, zeqond: zeqondAt(unixMs), iso: new Date(unixMs).toISOString() };
}
