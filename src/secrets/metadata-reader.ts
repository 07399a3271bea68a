import { type Head, type Key, type ListedRow, originIdOf, type Reader, type Selection } from "../ledger/index.ts";
import { metadataOf, type SecretMetadata } from "./secret.ts";
import { secrets } from "./tables.ts";

/** Reads secrets' metadata and audit rows beside the chain; throws what `Reader` throws. */
export interface MetadataReader {
  /** May be fewer than `limit`: only an empty page is the end. */
  listSecrets(select: Selection, limit: number, atLeast: Head): Promise<readonly SecretMetadata[]>;
  /** How many there are. */
  countSecrets(select: Selection, atLeast: Head): Promise<number>;
  /** Newest first. */
  secretRows(name: string, limit: number, atLeast: Head): Promise<readonly ListedRow[]>;
  /** All metadata of a selection, from one snapshot. MUST be closed. */
  openListing(select: Selection, atLeast: Head): Promise<MetadataListing>;
}

export interface MetadataListing {
  readonly count: number;
  next(after: Key | null, limit: number): Promise<readonly SecretMetadata[]>;
  close(): Promise<void>;
}

export function createMetadataReader(reader: Reader): MetadataReader {
  return {
    async listSecrets(select, limit, atLeast) {
      return (await reader.page(secrets, select, limit, atLeast)).map(metadataOf);
    },
    countSecrets: (select, atLeast) => reader.count(secrets, select, atLeast),
    secretRows: (name, limit, atLeast) =>
      reader.auditRows({ originId: originIdOf(name), typePrefix: "secret_" }, limit, atLeast),
    async openListing(select, atLeast) {
      const { count, next, close } = await reader.openListing(secrets, select, atLeast);
      return { count, next: async (after, limit) => (await next(after, limit)).map(metadataOf), close };
    },
  };
}
