import type { Moment } from "./moment.ts";
import { zeqondMs } from "./zeqond.ts";

/** So many denials within the window shut a ZID out (contract, section 2, "The denial limiter"). */
export const maxDenials = 5;

/** A denial at Zeqond d counts at Zeqond n while 0 <= n - d < windowZeqonds. */
export const windowZeqonds = 60;

/**
 * How far from our clock, back and ahead, denials are of interest to a decision: the clock is read again under the lock,
 * and the clocks of replicas differ.
 */
export const lookedAtZeqonds = 2 * windowZeqonds;

/** How long until the window has room again, in milliseconds; 0 when it has room now. */
export function limitedForMs(denials: readonly number[], now: Moment): number {
  if (denials.length < maxDenials) {
    return 0;
  }
  const opensAt = opensAtZeqond(denials, now.zeqond);
  return opensAt === now.zeqond ? 0 : Math.max(1, opensAt * zeqondMs - now.unixMs);
}

/**
 * The first Zeqond from `nowZeqond` on at which the window has room. What another clock put into the future does not
 * count before its time comes, and may then keep the window shut.
 */
function opensAtZeqond(denials: readonly number[], nowZeqond: number): number {
  const recent = denials.filter((denial) => nowZeqond - denial < windowZeqonds).sort((one, other) => one - other);
  if (at(recent, maxDenials - 1) > nowZeqond) {
    return nowZeqond;
  }
  // It opens when a denial leaves it, and fewer than five of those behind it have come by then.
  const last = recent.find((denial, index) => at(recent, index + maxDenials) > denial + windowZeqonds);
  return (last ?? nowZeqond) + windowZeqonds;
}

function at(denials: readonly number[], index: number): number {
  return denials[index] ?? Number.POSITIVE_INFINITY;
}
