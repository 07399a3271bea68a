import { type Store, StoreFailure } from "./store.ts";

/** Tracks the outcome of batches, for the readiness check. */
export interface BatchWatch {
  /** The store's `transact`, watched. */
  readonly transact: Store["transact"];
  /** The age of the batch in flight, over all attempts at it; 0 while there is none. */
  underWayMs(): number;
  /** Time since the last successful transaction. */
  sinceSuccessMs(): number;
  /** Whether a transaction failed after the last success; conflicts do not count. */
  hasFailed(): boolean;
  /** Clears the failure after a rehearsal has shown that a batch would succeed. */
  absolve(): void;
}

/** Longer than the sequencer pauses between two attempts at a batch. */
const longestPauseMs = 1_000;

export function watchBatches(store: Pick<Store, "transact">): BatchWatch {
  let begunAtMs = 0;
  /** The batch is over after this time: at once, unless it is in flight or its next attempt is due. */
  let overAtMs = Number.NEGATIVE_INFINITY;
  let succeededAtMs = Number.NEGATIVE_INFINITY;
  let failed = false;
  const succeed = () => {
    overAtMs = Number.NEGATIVE_INFINITY;
    succeededAtMs = performance.now();
    failed = false;
  };
  const fail = (error: unknown) => {
    const isConflict = error instanceof StoreFailure && error.kind === "conflict";
    overAtMs = isConflict ? performance.now() + longestPauseMs : Number.NEGATIVE_INFINITY;
    failed ||= error instanceof StoreFailure && !isConflict;
    throw error;
  };
  return {
    transact(load, decide) {
      const nowMs = performance.now();
      begunAtMs = nowMs < overAtMs ? begunAtMs : nowMs;
      overAtMs = Number.POSITIVE_INFINITY;
      return store.transact(load, decide).then(succeed, fail);
    },
    underWayMs() {
      const nowMs = performance.now();
      return nowMs < overAtMs ? nowMs - begunAtMs : 0;
    },
    sinceSuccessMs: () => performance.now() - succeededAtMs,
    hasFailed: () => failed,
    absolve: () => {
      failed = false;
    },
  };
}
