/** One secret as stored: metadata and the sealed value. */
export interface Secret {
  /** UUID, lower case. */
  readonly id: string;
  readonly name: string;
  readonly purposeTag: string | null;
  /** The ZID that owns it. */
  readonly boundZid: string;
  /** Other ZIDs that may read, in the order of their grants, no duplicates. */
  readonly permissions: readonly string[];
  /** The Zeqond from which the daemon reseals it; null: the daemon never does. */
  readonly expiresZeqond: number | null;
  /** Starts at 1; every change except a read increments it. */
  readonly version: number;
  readonly sealedKey: Uint8Array;
  readonly sealedValue: Uint8Array;
  /** ISO 8601, UTC, milliseconds. */
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly readCount: number;
  readonly lastReadZeqond: number | null;
}

/** The fields of a secret that an admin may see. */
export type SecretMetadata = Omit<Secret, "sealedKey" | "sealedValue">;

/** Strips the fields that an admin may not see. */
export function metadataOf(secret: Secret): SecretMetadata {
  const { sealedKey: _sealedKey, sealedValue: _sealedValue, ...metadata } = secret;
  return metadata;
}
