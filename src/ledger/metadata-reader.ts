import { VaultError } from "../domain/errors.ts";
import type { SecretMetadata } from "../domain/secret.ts";
import { type AuditRow, type Head, originIdOf } from "./row.ts";
import { type Listing, type Store, StoreFailure } from "./store.ts";

/**
 * Reads metadata without the head lock, once the row that records the read is durable. A long answer blocks no writer,
 * and shows the vault at or after that row, `atLeast`.
 */
export interface MetadataReader {
  /**
   * May return fewer than `limit` when secrets are large: only an empty page is the end.
   *
   * @throws VaultError `STORE_UNAVAILABLE`, also when the database does not show the row `atLeast`; `OVERLOADED`
   */
  listSecrets(afterName: string | null, limit: number, atLeast: Head): Promise<readonly SecretMetadata[]>;
  /**
   * Newest first, before `beforeSeq`.
   *
   * @throws VaultError `STORE_UNAVAILABLE`, also when the database does not show the row `atLeast`; `OVERLOADED`
   */
  secretRows(name: string, limit: number, atLeast: Head, beforeSeq?: number): Promise<readonly AuditRow[]>;
  /**
   * All metadata after a name, from one snapshot. MUST be closed: it holds a connection to the database.
   *
   * @throws VaultError `STORE_UNAVAILABLE`, also from `next`; `OVERLOADED` when too many are open
   */
  openListing(afterName: string | null, atLeast: Head): Promise<Listing>;
}

/** Limit of the reads in flight. */
const maxWaiting = 256;
const overloadRetryMs = 100;
/** Limit of the open listings. */
const maxListings = 8;
const listingRetryMs = 1_000;

export function createMetadataReader(store: Pick<Store, "listSecrets" | "auditRows" | "openListing">): MetadataReader {
  let waiting = 0;
  let listings = 0;
  const read = async <T>(work: () => Promise<T>): Promise<T> => {
    if (waiting >= maxWaiting) {
      throw new VaultError("OVERLOADED", "too many calls are waiting", { retryAfterMs: overloadRetryMs });
    }
    waiting += 1;
    try {
      return await translated(work());
    } finally {
      waiting -= 1;
    }
  };
  return {
    listSecrets: (afterName, limit, atLeast) => read(() => store.listSecrets(afterName, limit, atLeast)),
    secretRows: (name, limit, atLeast, beforeSeq) =>
      read(() => store.auditRows(originIdOf(name), limit, atLeast, beforeSeq)),
    async openListing(afterName, atLeast) {
      if (listings >= maxListings) {
        const message = "too many lists are being read";
        throw new VaultError("OVERLOADED", message, { retryAfterMs: listingRetryMs });
      }
      listings += 1;
      try {
        const { count, next, close } = await translated(store.openListing(afterName, atLeast));
        return {
          count,
          next: (name, limit) => translated(next(name, limit)),
          close: () => {
            listings -= 1;
            return close();
          },
        };
      } catch (error) {
        listings -= 1;
        throw error;
      }
    },
  };
}

async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof StoreFailure)) {
      throw error;
    }
    const message = "the database is not available and nothing was released";
    throw new VaultError("STORE_UNAVAILABLE", message, { cause: error, retryAfterMs: 1_000 });
  }
}
