/** One connection of a load. */
export interface Wire {
  /** Sends so many calls; from then on every answer sends the next one. */
  start(calls: number): void;
  /** Sends no more, waits for the answers that are still to come, at most `withinMs`, and closes. */
  stop(withinMs: number): Promise<void>;
}

/** Gives the number of the next request: a fixed pseudo-random order (Numerical Recipes' generator). */
export function createOrder(count: number, seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * count);
  };
}

/** Resolves when `isQuiet` says so; looks again every few milliseconds and gives up after `withinMs`. */
export async function untilQuiet(isQuiet: () => boolean, withinMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + withinMs;
  while (!isQuiet()) {
    if (performance.now() > giveUpAt) {
      return false;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return true;
}
