import type { Clock } from "../domain/clock.ts";
import { momentOf } from "../domain/moment.ts";
import type { Snapshot } from "./store.ts";
import { ChainWalk } from "./verify-chain.ts";
import { RecentDenials } from "./verify-denials.ts";
import { maxDifferences, type Report } from "./verify-report.ts";
import { type ChangeIndex, compareSecrets, noteChange } from "./verify-secrets.ts";

export type { Difference, Report } from "./verify-report.ts";
export type { ChangeIndex, LastChange } from "./verify-secrets.ts";

export interface VerifyOptions {
  readonly snapshot: Snapshot;
  readonly index: ChangeIndex;
  readonly clock: Clock;
  /** Told after each page how many rows have been walked. */
  readonly onProgress?: (rows: number) => void;
}

/**
 * Walks the chain, then compares the vault with it. In constant memory, on one snapshot, beside a running server.
 *
 * @throws StoreFailure when the database cannot be read to its end
 */
export async function verify({ snapshot, index, clock, onProgress }: VerifyOptions): Promise<Report> {
  const denials = new RecentDenials(momentOf(clock).zeqond);
  const walk = new ChainWalk();
  const { head } = snapshot;
  let rows = 0;
  for await (const page of snapshot.rows()) {
    for (const row of page) {
      rows++;
      const broken = walk.next(row);
      if (broken !== undefined) return { rows, head, secrets: 0, broken, differences: [] };
      noteChange(row, index);
      denials.note(row);
    }
    onProgress?.(rows);
  }
  const broken = walk.end(head) ?? null;
  if (broken !== null) return { rows, head, secrets: 0, broken, differences: [] };
  const { secrets, differences } = await compareSecrets(snapshot, index, maxDifferences);
  const ofDenials = await denials.compare(snapshot, maxDifferences);
  return { rows, head, secrets, broken, differences: [...differences, ...ofDenials] };
}
