import { type VaultRow, vaultRowDigest } from "../domain/vault-row.ts";

/** Types of rows that change a secret. A partial index of these finds the last change of a name. */
export const changeTypes = ["secret_set", "secret_rotated", "secret_deleted"] as const;

/** The last bytes of a payload, which hold a change's `version` and `sealed_digest`. */
export const payloadEndBytes = 128;

/** The last row of the log that changed a secret. */
export interface ChangeRow {
  readonly transitionType: string;
  /** The end of its payload: at least `payloadEndBytes`, or all of a shorter payload. */
  readonly payloadEnd: string;
}

// A caller's input cannot match: JSON escapes every quote inside a string.
const marks = /"version":([1-9][0-9]{0,15}),"sealed_digest":"([0-9a-f]{64})"\}$/;

/**
 * Whether the row of a secret, or its absence, matches its last change in the log. An attacker with write access to the
 * tables can restore an older row together with its seal; only the log shows that it is old.
 */
export function isAsRecorded(row: VaultRow | undefined, last: ChangeRow | undefined): boolean {
  if (last === undefined || last.transitionType === "secret_deleted") {
    return row === undefined;
  }
  const [, version, sealedDigest] = marks.exec(last.payloadEnd) ?? [];
  return row !== undefined && version === String(row.version) && sealedDigest === vaultRowDigest(row);
}
