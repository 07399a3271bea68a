import { type Clock, zeqondMs } from "../base/index.ts";

/** A clock that can be moved on. */
export interface MovableClock extends Clock {
  advance(zeqonds: number): void;
}

/** @param given a moment at which it stands still, or a clock that goes by itself; the system's unless given */
export function movableClock(given: Date | Clock = { nowMs: () => Date.now() }): MovableClock {
  const fixedMs = given instanceof Date ? given.getTime() : undefined;
  if (Number.isNaN(fixedMs)) {
    throw new TypeError("clock must be a valid date");
  }
  let aheadMs = 0;
  return {
    nowMs: () => (given instanceof Date ? (fixedMs ?? 0) : given.nowMs()) + aheadMs,
    advance(zeqonds) {
      if (!(Number.isInteger(zeqonds) && zeqonds >= 0)) {
        throw new TypeError("a clock is advanced by a whole number of Zeqonds, 0 or more");
      }
      aheadMs += zeqonds * zeqondMs;
    },
  };
}
