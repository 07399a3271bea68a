import type { Clock } from "../domain/clock.ts";
import { momentOf } from "../domain/moment.ts";
import type { AuditRow } from "./row.ts";
import type { Snapshot } from "./store.ts";
import { isWholeInBlocks } from "./verify-blocks.ts";
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
  const { head } = snapshot;
  const denials = new RecentDenials(momentOf(clock).zeqond);
  const note = (row: AuditRow) => {
    noteChange(row, index);
    denials.note(row);
  };
  const isWhole = await isWholeInBlocks(snapshot, note, onProgress);
  // What was noted before is noted again, in the same order, to the same end.
  const { rows, broken } = isWhole ? { rows: head.seq, broken: null } : await walk(snapshot, note, onProgress);
  if (broken !== null) {
    return { rows, head, secrets: 0, broken, differences: [] };
  }
  const { secrets, differences } = await compareSecrets(snapshot, index, maxDifferences);
  const ofDenials = await denials.compare(snapshot, maxDifferences);
  return { rows, head, secrets, broken, differences: [...differences, ...ofDenials] };
}

/** Follows the chain row by row. */
async function walk(
  snapshot: Snapshot,
  note: (row: AuditRow) => void,
  onProgress?: (rows: number) => void,
): Promise<Pick<Report, "rows" | "broken">> {
  const chain = new ChainWalk();
  let rows = 0;
  for await (const page of snapshot.rows()) {
    for (const row of page) {
      rows++;
      const broken = chain.next(row);
      if (broken !== undefined) {
        return { rows, broken };
      }
      note(row);
    }
    onProgress?.(rows);
  }
  return { rows, broken: chain.end(snapshot.head) ?? null };
}
