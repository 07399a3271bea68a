import type { AuditRow, Head } from "../ledger/index.ts";
import { ChainWalk, isIntact } from "./chain-walk.ts";

/** What verification of a part of the log came to. */
interface WindowReport {
  readonly checked: number;
  /** Rows whose columns give their hash. */
  readonly verified: number;
  readonly isWhole: boolean;
  /** The first row that is wrong, or that follows a missing one; null: none, or the rows at the end are missing. */
  readonly brokenId: string | null;
}

/**
 * Verifies rows of the log that follow each other.
 *
 * @param rows in the order of `seq`
 * @param before the row before them; undefined when they begin the log
 * @param end what the last one has to be, by what follows it; undefined: not known
 */
export function verifyWindow(
  rows: readonly AuditRow[],
  before: AuditRow | undefined,
  end: Head | undefined,
): WindowReport {
  const chain = new ChainWalk(before);
  let broken = undefined as { readonly seq: number } | undefined;
  for (const row of rows) {
    broken = chain.next(row);
    if (broken !== undefined) {
      break;
    }
  }
  broken ??= end === undefined ? undefined : chain.end(end);
  const suspect = [before, ...rows].find(
    (row) => row !== undefined && row.seq >= (broken?.seq ?? Number.POSITIVE_INFINITY),
  );
  return {
    checked: rows.length,
    verified: rows.filter(isIntact).length,
    isWhole: broken === undefined,
    brokenId: suspect?.id ?? null,
  };
}
