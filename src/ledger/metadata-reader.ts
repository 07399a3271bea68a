import { VaultError } from "../domain/errors.ts";
import type { SecretMetadata } from "../domain/secret.ts";
import { type AuditRow, originIdOf } from "./row.ts";
import { type Store, StoreFailure } from "./store.ts";

/**
 * Metadata that is read beside the chain, once the row that says so is durable: long answers stall no writer, and
 * show the vault at or after that row.
 */
export interface MetadataReader {
  /** @throws VaultError `STORE_UNAVAILABLE` */
  listSecrets(afterName: string | null, limit: number): Promise<readonly SecretMetadata[]>;
  /** @throws VaultError `STORE_UNAVAILABLE` */
  secretRows(name: string, limit: number): Promise<readonly AuditRow[]>;
}

export function createMetadataReader(store: Pick<Store, "listSecrets" | "auditRows">): MetadataReader {
  return {
    listSecrets: (afterName, limit) => translated(store.listSecrets(afterName, limit)),
    secretRows: (name, limit) => translated(store.auditRows(originIdOf(name), limit)),
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
