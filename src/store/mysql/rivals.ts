import { StoreFailure } from "../../ledger/index.ts";

const attempts = 10;
/** No attempt begins after this time: each may have waited for a lock until its timeout. */
const lastAttemptMs = 30_000;

/**
 * Retries all of the work after a conflict with another server, such as one that starts at the same time on another
 * node of a cluster. Any other failure is the caller's.
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
