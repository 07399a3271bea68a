import type { Clock } from "../domain/clock.ts";
import { momentOf } from "../domain/moment.ts";
import type { AuditRow } from "./row.ts";
import type { Snapshot } from "./store.ts";
import { isWholeInBlocks } from "./verify-blocks.ts";
import { ChainWalk } from "./verify-chain.ts";
import { RecentDenials } from "./verify-denials.ts";
import { maxDifferences, type Report } from "./verify-report.ts";
import { ChangeHistory, type ChangeIndex, compareSecrets } from "./verify-secrets.ts";

export type { Difference, Report } from "./verify-report.ts";
export type { ChangeIndex, LastChange } from "./verify-secrets.ts";

export interface VerifyOptions {
  readonly snapshot: Snapshot;
  readonly index: ChangeIndex;
  readonly clock: Clock;
  /** Called after each page with the number of rows verified. */
  readonly onProgress?: (rows: number) => void;
}

/**
 * Verifies the chain, then compares the vault with it. In constant memory, on one snapshot; servers may run meanwhile.
 *
 * @throws StoreFailure when the database cannot be read completely
 */
export async function verify({ snapshot, index, clock, onProgress }: VerifyOptions): Promise<Report> {
  const { head } = snapshot;
  const denials = new RecentDenials(momentOf(clock).zeqond);
  const changes = new ChangeHistory(index, maxDifferences);
  let noted = 0;
  const note = (row: AuditRow) => {
    // Verification row by row visits the rows again that were verified in blocks.
    if (row.seq > noted) {
      noted = row.seq;
      changes.note(row);
      denials.note(row);
    }
  };
  const isWhole = await isWholeInBlocks(snapshot, note, onProgress);
  const { rows, broken } = isWhole ? { rows: head.seq, broken: null } : await walk(snapshot, note, onProgress);
  if (broken !== null) {
    return { rows, head, secrets: 0, broken, differences: [] };
  }
  const { secrets, differences } = await compareSecrets(snapshot, index, maxDifferences);
  const ofChanges = changes.differences;
  const ofSecrets = differences.filter(
    (one) => !ofChanges.some((told) => told.name === one.name && told.seq === one.seq),
  );
  const ofDenials = await denials.compare(snapshot, maxDifferences);
  return { rows, head, secrets, broken, differences: [...ofChanges, ...ofSecrets, ...ofDenials] };
}

/** Verifies the chain row by row. */
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
