import type { Log } from "./base/index.ts";
import type { Store, StoreFailure } from "./ledger/index.ts";

interface OutageLog {
  /** To be told of each batch that failed. */
  failed(failure: StoreFailure): void;
  /** The store, watched for the batch that shows that it is back. */
  readonly store: Pick<Store, "transact" | "inProcess">;
}

/** One warning when the database goes away and one line when it is back, however many calls fail meanwhile. */
export function createOutageLog(store: Pick<Store, "transact" | "inProcess">, log: Log): OutageLog {
  let isAway = false;
  return {
    failed(failure) {
      const fields = { reason: failure.message };
      if (failure.kind === "conflict") {
        // A rival came first: the batch is tried again, and the database is well.
        log.warn(fields, "a batch was thrown back");
      } else if (isAway) {
        log.debug(fields, "the database is still away");
      } else {
        isAway = true;
        log.warn(fields, "the database is away");
      }
    },
    store: {
      inProcess: store.inProcess,
      async transact(load, decide) {
        await store.transact(load, decide);
        if (isAway) {
          isAway = false;
          log.info({}, "the database is back");
        }
      },
    },
  };
}
