import type { Moment } from "./moment.ts";
import { zeqondMs } from "./zeqond.ts";

/** So many denials within the window shut a ZID out (contract, section 2, "The denial limiter"). */
export const maxDenials = 5;

/** A denial at Zeqond d counts at Zeqond n while n - d < windowZeqonds. */
export const windowZeqonds = 60;

/** Those denials that still count at `nowZeqond`. */
export function countingDenials(denials: readonly number[], nowZeqond: number): readonly number[] {
  return denials.filter((denial) => nowZeqond - denial < windowZeqonds);
}

/** How long until the window has room again, in milliseconds; 0 when it has room now. */
export function limitedForMs(denials: readonly number[], now: Moment): number {
  const counting = [...countingDenials(denials, now.zeqond)].sort((a, b) => b - a);
  const oldestThatShuts = counting[maxDenials - 1];
  if (oldestThatShuts === undefined) {
    return 0;
  }
  return Math.max(1, (oldestThatShuts + windowZeqonds) * zeqondMs - now.unixMs);
}
