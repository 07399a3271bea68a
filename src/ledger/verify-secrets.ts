import { type VaultRow, vaultRowDigest } from "../domain/vault-row.ts";
import { changeTypes } from "./last-change.ts";
import { type AuditRow, subjectOf } from "./row.ts";
import type { Snapshot } from "./store.ts";
import type { Difference } from "./verify-report.ts";

/** The last change of a secret in the log. */
export interface LastChange {
  readonly name: string;
  readonly seq: number;
  readonly version: number;
  readonly sealedDigest: string;
}

/** Last changes by name, kept on disk, so that memory stays constant for any number of secrets. */
export interface ChangeIndex {
  put(change: LastChange): void;
  delete(name: string): void;
  get(name: string): LastChange | undefined;
  /** Marks a name as found in the vault. */
  meet(name: string): void;
  /** The first changes, by seq, whose names were put and never met. */
  unmet(limit: number): readonly LastChange[];
  close(): void;
}

/**
 * Takes the log's changes in order, keeps the last one of each secret, and reports changes that cannot follow the one
 * before: if an attacker restores an older row and it is changed again, a version appears twice.
 */
export class ChangeHistory {
  readonly #index: ChangeIndex;
  readonly #limit: number;
  readonly #differences: Difference[] = [];

  /** @param limit the number of differences to keep; the first ones are kept */
  constructor(index: ChangeIndex, limit: number) {
    this.#index = index;
    this.#limit = limit;
  }

  get differences(): readonly Difference[] {
    return this.#differences;
  }

  note({ seq, transitionType, originId, payloadJson }: AuditRow): void {
    if (!changeTypes.some((type) => type === transitionType)) {
      return;
    }
    const name = subjectOf(originId);
    const before = this.#index.get(name);
    const change = transitionType === "secret_deleted" ? undefined : marksOf(payloadJson);
    const why = oddityOf(change, before);
    if (why !== undefined && this.#differences.length < this.#limit) {
      this.#differences.push({ name, seq, why });
    }
    if (change === undefined) {
      this.#index.delete(name);
    } else {
      this.#index.put({ name, seq, version: change.version, sealedDigest: change.sealedDigest });
    }
  }
}

/** Why a change cannot follow the one before; undefined when it can. A change without marks is a deletion. */
function oddityOf(change: Marks | undefined, before: LastChange | undefined): string | undefined {
  const creates = change?.creates === true;
  if (creates && before !== undefined) {
    return `it was created when the log had it already, at version ${before.version}`;
  }
  if (!creates && before === undefined) {
    return `it was ${change === undefined ? "deleted" : "changed"} when the log had no secret of that name`;
  }
  const expected = (before?.version ?? 0) + 1;
  return change === undefined || change.version === expected
    ? undefined
    : `it became version ${change.version} where version ${expected} was to follow: a row put back by hand was changed`;
}

interface Marks {
  readonly version: number;
  readonly sealedDigest: string;
  /** Whether it created the secret. */
  readonly creates: boolean;
}

/** The marks in a change's payload; a payload without them yields marks that match no row of the vault. */
function marksOf(payloadJson: string): Marks {
  try {
    const { version, sealed_digest, purpose } = JSON.parse(payloadJson);
    if (Number.isSafeInteger(version)) {
      return { version, sealedDigest: String(sealed_digest), creates: purpose === "created" };
    }
  } catch {
    // The row was not written by ZSC.
  }
  return { version: 0, sealedDigest: "", creates: false };
}

/** Compares every secret with its last change, and reports last changes without a secret. */
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
