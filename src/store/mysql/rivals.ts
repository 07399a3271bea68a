import { StoreFailure } from "../../ledger/index.ts";

const attempts = 10;
/** No attempt begins later than this: each may have waited for a lock as long as it could. */
const lastAttemptMs = 30_000;

/**
 * Does work again, all of it, when a rival came first: on a cluster, a server that starts on another node at the same
 * moment. Everything else that goes wrong is the caller's.
 */
export async function despiteRivals<T>(work: () => Promise<T>): Promise<T> {
  const giveUpAtMs = performance.now() + lastAttemptMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isConflict = error instanceof StoreFailure && error.kind === "conflict";
      if (!isConflict || attempt >= attempts || performance.now() > giveUpAtMs) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100 * attempt));
    }
  }
}
