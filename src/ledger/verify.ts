import type { Clock } from "../domain/clock.ts";
import { windowZeqonds } from "../domain/limiter.ts";
import { momentOf } from "../domain/moment.ts";
import { type VaultRow, vaultRowDigest } from "../domain/vault-row.ts";
import { type AuditRow, subjectOf } from "./row.ts";
import type { Denial, Snapshot } from "./store.ts";
import { type Break, ChainWalk } from "./verify-chain.ts";

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

export interface Difference {
  readonly name: string;
  /** The row that recorded its last change; null where the log knows of none. */
  readonly seq: number | null;
  readonly why: string;
}

export interface Report {
  readonly rows: number;
  readonly secrets: number;
  readonly broken: Break | null;
  /** Where the vault is not what the log says; empty also when the chain is broken, since then it was not compared. */
  readonly differences: readonly Difference[];
}

export interface VerifyOptions {
  readonly snapshot: Snapshot;
  readonly index: ChangeIndex;
  readonly clock: Clock;
  /** Told after each page how many rows have been walked. */
  readonly onProgress?: (rows: number) => void;
}

const maxDifferences = 20;

/** Walks the chain, then compares the vault with it. In constant memory, on one snapshot, beside a running server. */
export async function verify(options: VerifyOptions): Promise<Report> {
  const { snapshot, index, clock, onProgress } = options;
  const denialsFrom = momentOf(clock).zeqond - windowZeqonds;
  const denials = new Map<number, Denial>();
  const walk = new ChainWalk();
  let rows = 0;
  for await (const page of snapshot.rows()) {
    for (const row of page) {
      const broken = walk.next(row);
      if (broken !== undefined) return { rows, secrets: 0, broken, differences: [] };
      rows++;
      note(row, index);
      if (isDenial(row) && row.zeqondNumber > denialsFrom) denials.set(row.seq, denialOf(row));
    }
    onProgress?.(rows);
  }
  const broken = walk.end(snapshot.head) ?? null;
  if (broken !== null) return { rows, secrets: 0, broken, differences: [] };
  const differences: Difference[] = [];
  const secrets = await compareSecrets(snapshot, index, differences);
  await compareDenials(snapshot, denials, denialsFrom, differences);
  return { rows, secrets, broken, differences: differences.slice(0, maxDifferences) };
}

function note(row: AuditRow, index: ChangeIndex): void {
  const { transitionType, seq } = row;
  const name = subjectOf(row.originId);
  if (transitionType === "secret_deleted") {
    index.delete(name);
  } else if (transitionType === "secret_set" || transitionType === "secret_rotated") {
    index.put({ name, seq, ...marksOf(row.payloadJson) });
  }
}

/** What a change left in its row; a payload without it gives marks that no row of the vault has. */
function marksOf(payloadJson: string): { readonly version: number; readonly sealedDigest: string } {
  try {
    const { version, sealed_digest } = JSON.parse(payloadJson);
    if (Number.isSafeInteger(version)) return { version, sealedDigest: String(sealed_digest) };
  } catch {
    // Not one of our rows.
  }
  return { version: 0, sealedDigest: "" };
}

async function compareSecrets(snapshot: Snapshot, index: ChangeIndex, differences: Difference[]): Promise<number> {
  let secrets = 0;
  for await (const page of snapshot.secrets()) {
    for (const row of page) {
      secrets++;
      const difference = compareSecret(row, index.get(row.name));
      if (difference !== undefined && differences.length < maxDifferences) differences.push(difference);
      index.meet(row.name);
    }
  }
  for (const { name, seq } of index.unmet(maxDifferences)) {
    differences.push({ name, seq, why: "the log has it, the vault does not: it was taken out by hand" });
  }
  return secrets;
}

function compareSecret(row: VaultRow, change: LastChange | undefined): Difference | undefined {
  const { name } = row;
  if (change === undefined)
    return { name, seq: null, why: "the vault has it, the log does not: it was put there by hand" };
  const { seq } = change;
  if (row.version < change.version) {
    return {
      name,
      seq,
      why: `the vault has version ${row.version}, the log ${change.version}: it was put back by hand`,
    };
  }
  const same = row.version === change.version && vaultRowDigest(row) === change.sealedDigest;
  return same ? undefined : { name, seq, why: "its row in the vault was altered by hand" };
}

async function compareDenials(
  snapshot: Snapshot,
  expected: Map<number, Denial>,
  from: number,
  differences: Difference[],
): Promise<void> {
  const name = "(denial limiter)";
  for await (const page of snapshot.denials()) {
    for (const { seq, zid, zeqond } of page) {
      const recorded = expected.get(seq);
      expected.delete(seq);
      const same = recorded !== undefined && recorded.zid === zid && recorded.zeqond === zeqond;
      if (!same && (recorded !== undefined || zeqond > from)) {
        differences.push({ name, seq, why: "the limiter counts a denial that the log does not have like this" });
      }
    }
  }
  for (const seq of expected.keys()) {
    differences.push({ name, seq, why: "the limiter does not count a denial that the log has" });
  }
}

function isDenial({ transitionType, proofPurpose }: AuditRow): boolean {
  return transitionType === "secret_denied" && proofPurpose === "denied";
}

function denialOf({ seq, actorZid, zeqondNumber }: AuditRow): Denial {
  return { seq, zid: actorZid, zeqond: zeqondNumber };
}
