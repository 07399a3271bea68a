/** One secret as the vault holds it: metadata, and the value sealed. */
export interface Secret {
  /** UUID, lower case. */
  readonly id: string;
  readonly name: string;
  readonly purposeTag: string | null;
  /** The ZID that owns it. */
  readonly boundZid: string;
  /** Further ZIDs that may read, in the order of their grants, no duplicates. */
  readonly permissions: readonly string[];
  /** Zeqond from which the daemon seals it again; null: never by itself. */
  readonly expiresZeqond: number | null;
  /** 1, 2, 3 … : moves with every change, reads aside. */
  readonly version: number;
  readonly sealedKey: Uint8Array;
  readonly sealedValue: Uint8Array;
  /** ISO 8601, UTC, milliseconds. */
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly readCount: number;
  readonly lastReadZeqond: number | null;
}

/** What is shown of a secret to those who manage it. */
export type SecretMetadata = Omit<Secret, "version" | "sealedKey" | "sealedValue">;

/** What of a secret may be shown to an admin. */
export function metadataOf(secret: Secret): SecretMetadata {
  const { version: _version, sealedKey: _sealedKey, sealedValue: _sealedValue, ...metadata } = secret;
  return metadata;
}
