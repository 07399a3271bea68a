import { VaultError } from "../domain/errors.ts";
import type { SecretMetadata } from "../domain/secret.ts";
import { type AuditRow, type Head, originIdOf } from "./row.ts";
import { type Store, StoreFailure } from "./store.ts";

/**
 * Metadata that is read beside the chain, once the row that says so is durable: long answers stall no writer, and
 * show the vault at or after that row, `atLeast`.
 */
export interface MetadataReader {
  /** @throws VaultError `STORE_UNAVAILABLE`, also when the database does not show that row; `OVERLOADED` */
  listSecrets(afterName: string | null, limit: number, atLeast: Head): Promise<readonly SecretMetadata[]>;
  /** @throws VaultError `STORE_UNAVAILABLE`, also when the database does not show that row; `OVERLOADED` */
  secretRows(name: string, limit: number, atLeast: Head): Promise<readonly AuditRow[]>;
}

/** Reads that wait for the database, at most. */
const maxWaiting = 256;
const overloadRetryMs = 100;

export function createMetadataReader(store: Pick<Store, "listSecrets" | "auditRows">): MetadataReader {
  let waiting = 0;
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
    secretRows: (name, limit, atLeast) => read(() => store.auditRows(originIdOf(name), limit, atLeast)),
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
