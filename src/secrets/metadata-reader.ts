import { type Head, type ListedRow, originIdOf, type Reader } from "../ledger/index.ts";
import { metadataOf, type SecretMetadata } from "./secret.ts";
import { secrets } from "./tables.ts";

/** Reads secrets' metadata and audit rows beside the chain; throws what `Reader` throws. */
export interface MetadataReader {
  /** In the order of the bytes of the names. May be fewer than `limit`: only an empty page is the end. */
  listSecrets(afterName: string | null, limit: number, atLeast: Head): Promise<readonly SecretMetadata[]>;
  /** Newest first. */
  secretRows(name: string, limit: number, atLeast: Head): Promise<readonly ListedRow[]>;
  /** All metadata after a name, from one snapshot. MUST be closed. */
  openListing(afterName: string | null, atLeast: Head): Promise<MetadataListing>;
}

export interface MetadataListing {
  readonly count: number;
  next(afterName: string | null, limit: number): Promise<readonly SecretMetadata[]>;
  close(): Promise<void>;
}

export function createMetadataReader(reader: Reader): MetadataReader {
  const after = (name: string | null) => (name === null ? null : [name]);
  return {
    async listSecrets(afterName, limit, atLeast) {
      return (await reader.page(secrets, { after: after(afterName) }, limit, atLeast)).map(metadataOf);
    },
    secretRows: (name, limit, atLeast) =>
      reader.auditRows({ originId: originIdOf(name), typePrefix: "secret_" }, limit, atLeast),
    async openListing(afterName, atLeast) {
      const { count, next, close } = await reader.openListing(secrets, after(afterName), atLeast);
      return { count, next: async (name, limit) => (await next(after(name), limit)).map(metadataOf), close };
    },
  };
}
