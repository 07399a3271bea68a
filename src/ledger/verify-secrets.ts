import { type VaultRow, vaultRowDigest } from "../domain/vault-row.ts";
import { type AuditRow, subjectOf } from "./row.ts";
import type { Snapshot } from "./store.ts";
import type { Difference } from "./verify-report.ts";

/** What the log says of the last change of a secret. */
export interface LastChange {
  readonly name: string;
  readonly seq: number;
  readonly version: number;
  readonly sealedDigest: string;
}

/** Last changes by name, kept on disk, so that memory stays flat however many secrets there are. */
export interface ChangeIndex {
  put(change: LastChange): void;
  delete(name: string): void;
  get(name: string): LastChange | undefined;
  /** Marks a name as met in the vault. */
  meet(name: string): void;
  /** The first names, by seq, that were put and never met. */
  unmet(limit: number): readonly LastChange[];
  close(): void;
}

/** Keeps what a row says of a change. */
export function noteChange({ seq, transitionType, originId, payloadJson }: AuditRow, index: ChangeIndex): void {
  if (transitionType === "secret_set" || transitionType === "secret_rotated") {
    index.put({ name: subjectOf(originId), seq, ...marksOf(payloadJson) });
  } else if (transitionType === "secret_deleted") {
    index.delete(subjectOf(originId));
  }
}

/** What a change left in its row; a payload without it gives marks that no row of the vault has. */
function marksOf(payloadJson: string): { readonly version: number; readonly sealedDigest: string } {
  try {
    const { version, sealed_digest } = JSON.parse(payloadJson);
    if (Number.isSafeInteger(version)) {
      return { version, sealedDigest: String(sealed_digest) };
    }
  } catch {
    // Not one of our rows.
  }
  return { version: 0, sealedDigest: "" };
}

/** Compares every secret with what was noted of it, and what was noted with what there is. */
export async function compareSecrets(
  snapshot: Pick<Snapshot, "secrets">,
  index: ChangeIndex,
  limit: number,
): Promise<{ readonly secrets: number; readonly differences: readonly Difference[] }> {
  const differences: Difference[] = [];
  let secrets = 0;
  for await (const page of snapshot.secrets()) {
    for (const row of page) {
      secrets++;
      const difference = compareSecret(row, index.get(row.name));
      if (difference !== undefined && differences.length < limit) {
        differences.push(difference);
      }
      index.meet(row.name);
    }
  }
  for (const { name, seq } of index.unmet(limit - differences.length)) {
    differences.push({ name, seq, why: "the log has it, the vault does not: it was taken out by hand" });
  }
  return { secrets, differences };
}

function compareSecret(row: VaultRow, change: LastChange | undefined): Difference | undefined {
  const { name, version } = row;
  if (change === undefined) {
    return { name, seq: null, why: "the vault has it, the log does not: it was put there by hand" };
  }
  if (version === change.version && vaultRowDigest(row) === change.sealedDigest) {
    return undefined;
  }
  return { name, seq: change.seq, why: reasonOf(version, change.version) };
}

function reasonOf(inVault: number, inLog: number): string {
  if (inVault === inLog) {
    return "its row in the vault was altered by hand";
  }
  const versions = `the vault has version ${inVault}, the log ${inLog}`;
  return inVault < inLog
    ? `${versions}: it was put back by hand`
    : `${versions}: it was altered by hand, or the end of the log was cut off`;
}
