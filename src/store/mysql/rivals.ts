import { StoreFailure } from "../../ledger/store.ts";

const attempts = 10;

/**
 * Does work again, all of it, when a rival came first: on a cluster, a server that starts on another node at the same
 * moment. Everything else that goes wrong is the caller's.
 */
export async function despiteRivals<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreFailure) || error.kind !== "conflict" || attempt >= attempts) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100 * attempt));
    }
  }
}
