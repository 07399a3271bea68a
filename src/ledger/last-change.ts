import { type VaultRow, vaultRowDigest } from "../domain/vault-row.ts";

/** Types of rows that change a secret. A database finds the last one of a name by an index of these alone. */
export const changeTypes = ["secret_set", "secret_rotated", "secret_deleted"] as const;

/** So many bytes at the end of a payload hold what a change says of its secret: version and `sealed_digest`. */
export const payloadEndBytes = 128;

/** The last row of the log that changed a secret. */
export interface ChangeRow {
  readonly transitionType: string;
  /** The last bytes of its payload, at least `payloadEndBytes` where it has so many. */
  readonly payloadEnd: string;
}

// Nothing that a caller may write looks like this: in a text of JSON each quote has a backslash before it.
const marks = /"version":([1-9][0-9]{0,15}),"sealed_digest":"([0-9a-f]{64})"\}$/;

/**
 * Whether the row of a secret, or that there is none, is what its last change in the log left. Whoever writes the tables
 * can put an older row back, seal and all: only the log knows that it is older.
 */
export function isAsRecorded(row: VaultRow | undefined, last: ChangeRow | undefined): boolean {
  if (last === undefined || last.transitionType === "secret_deleted") {
    return row === undefined;
  }
  const [, version, sealedDigest] = marks.exec(last.payloadEnd) ?? [];
  return row !== undefined && version === String(row.version) && sealedDigest === vaultRowDigest(row);
}
