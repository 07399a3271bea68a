import { type Store, StoreFailure } from "./store.ts";

/** Tracks the outcome of batches, for the readiness check. */
export interface BatchWatch {
  /** The store's `transact`, watched. */
  readonly transact: Store["transact"];
  /** The age of the transaction in flight; 0 while there is none. */
  underWayMs(): number;
  /** Time since the last successful transaction. */
  sinceSuccessMs(): number;
  /** Whether a transaction failed after the last success; conflicts do not count. */
  hasFailed(): boolean;
  /** Clears the failure after a rehearsal has shown that a batch would succeed. */
  absolve(): void;
}

export function watchBatches(store: Pick<Store, "transact">): BatchWatch {
  let begunAtMs: number | undefined;
  let succeededAtMs = Number.NEGATIVE_INFINITY;
  let failed = false;
  const succeed = () => {
    begunAtMs = undefined;
    succeededAtMs = performance.now();
    failed = false;
  };
  const fail = (error: unknown) => {
    begunAtMs = undefined;
    failed ||= error instanceof StoreFailure && error.kind !== "conflict";
    throw error;
  };
  return {
    transact(load, decide) {
      begunAtMs = performance.now();
      return store.transact(load, decide).then(succeed, fail);
    },
    underWayMs: () => (begunAtMs === undefined ? 0 : performance.now() - begunAtMs),
    sinceSuccessMs: () => performance.now() - succeededAtMs,
    hasFailed: () => failed,
    absolve: () => {
      failed = false;
    },
  };
}
