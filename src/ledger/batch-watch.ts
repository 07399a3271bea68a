import { type Store, StoreFailure } from "./store.ts";

/** Knows how the batches fare, for whoever asks whether the vault is ready. */
export interface BatchWatch {
  /** As the store's. */
  readonly transact: Store["transact"];
  /** How long the transaction under way has been so; 0 while there is none. */
  underWayMs(): number;
  /** How long ago the last transaction succeeded. */
  sinceSuccessMs(): number;
  /** Whether the last one failed; a rival that came first does not count. */
  hasFailed(): boolean;
  /** Somebody has seen that a batch would succeed now. */
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
