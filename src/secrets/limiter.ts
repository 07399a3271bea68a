import { type Moment, zeqondMs } from "../base/index.ts";
/** A ZID with this many denials in the window is rate-limited (contract, section 2, "The denial limiter"). */
export const maxDenials = 5;

/** A denial at Zeqond d counts at Zeqond n while 0 <= n - d < windowZeqonds. */
export const windowZeqonds = 60;

/**
 * How far from our clock, in the past and in the future, a denial can still affect a decision: the clock is read again
 * under the lock, and the clocks of replicas differ.
 */
export const lookedAtZeqonds = 2 * windowZeqonds;

/** How long the ZID stays rate-limited, in milliseconds; 0 when it is not. */
export function limitedForMs(denials: readonly number[], now: Moment): number {
  if (denials.length < maxDenials) {
    return 0;
  }
  const opensAt = opensAtZeqond(denials, now.zeqond);
  return opensAt === now.zeqond ? 0 : Math.max(1, opensAt * zeqondMs - now.unixMs);
}

/**
 * The first Zeqond, from `nowZeqond` on, at which the window holds fewer than `maxDenials`. A denial that another
 * replica's clock dated in the future does not count before that time, and counts from then on.
 */
function opensAtZeqond(denials: readonly number[], nowZeqond: number): number {
  const recent = denials.filter((denial) => nowZeqond - denial < windowZeqonds).sort((one, other) => one - other);
  if (at(recent, maxDenials - 1) > nowZeqond) {
    return nowZeqond;
  }
  // The window opens when a denial leaves it and fewer than `maxDenials` later ones have become current by then.
  const last = recent.find((denial, index) => at(recent, index + maxDenials) > denial + windowZeqonds);
  return (last ?? nowZeqond) + windowZeqonds;
}

function at(denials: readonly number[], index: number): number {
  return denials[index] ?? Number.POSITIVE_INFINITY;
}
