/** Batches in a row, after which others get their turn. */
const maxBatchesInARow = 16;
const longestPauseMs = 50;

export interface Turns {
  /** Resolves when the next batch may begin: at once, nearly always. */
  wait(): Promise<void>;
  /** A batch that began at `startMs` was committed. */
  committed(startMs: number): void;
}

/**
 * Gives the servers on other nodes of a Galera cluster their turn.
 *
 * Whoever commits there begins the next batch before the other nodes have applied the last one, so under load the same
 * server would win every certification, and the others would starve. After some batches in a row it waits for twice the
 * time of a batch, in which another can lock the head, load, write and commit.
 */
export function createTurns(): Turns {
  let inARow = 0;
  let lastEndMs = 0;
  let batchMs = 0;
  const pauseMs = () => Math.min(longestPauseMs, 2 * batchMs);
  return {
    async wait() {
      const leftMs = lastEndMs + pauseMs() - performance.now();
      if (leftMs <= 0) {
        inARow = 0;
      }
      if (inARow >= maxBatchesInARow) {
        inARow = 0;
        await new Promise((resolve) => setTimeout(resolve, leftMs));
      }
    },
    committed(startMs) {
      inARow += 1;
      lastEndMs = performance.now();
      batchMs = (7 * batchMs + (lastEndMs - startMs)) / 8;
    },
  };
}
