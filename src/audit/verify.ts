import { type Clock, momentOf } from "../base/index.ts";
import type { AnyTable, AuditRow, ChangeIndex, Snapshot } from "../ledger/index.ts";
import { isWholeInBlocks, type Notes } from "./blocks.ts";
import { ChainWalk } from "./chain-walk.ts";
import { ChangeHistory, compareRecords, isLogged, type LoggedTable } from "./changes.ts";
import { DerivedRecords, isDerived } from "./derived.ts";
import { comparePointers, PointerSums } from "./pointers.ts";
import { type Difference, maxDifferences, type Report } from "./report.ts";

interface VerifyOptions {
  readonly snapshot: Snapshot;
  /** Every table of the vault. */
  readonly tables: readonly AnyTable[];
  readonly index: ChangeIndex;
  readonly clock: Clock;
  /** Called after each page with the number of rows verified, and waited for; what it throws ends the verification. */
  readonly onProgress?: (rows: number) => void | Promise<void>;
}

/**
 * Verifies the chain, then compares every table with it. In constant memory, on one snapshot; servers may run meanwhile.
 *
 * @throws StoreFailure when the database cannot be read completely
 */
export async function verify(options: VerifyOptions): Promise<Report> {
  const { snapshot, tables, index, clock, onProgress } = options;
  const { head } = snapshot;
  const { zeqond } = momentOf(clock);
  const histories = tables.filter(isLogged).map((table) => {
    return { table, history: new ChangeHistory(table, index, maxDifferences) };
  });
  const derived = tables.filter(isDerived).map((table) => new DerivedRecords(table, zeqond));
  const notes = noteOnce(histories, derived);
  const sums = new PointerSums();
  const isWhole = await isWholeInBlocks(snapshot, notes, sums, onProgress);
  const { rows, broken } = isWhole ? { rows: head.seq, broken: null } : await walk(snapshot, notes, onProgress);
  const records = new Map<AnyTable, number>();
  const differences: Difference[] = [];
  if (broken !== null) {
    return { rows, head, records, broken, differences };
  }
  for (const { table, history } of histories) {
    const compared = await compareRecords(snapshot, table, index, maxDifferences);
    const ofChanges = history.differences;
    const isTold = (one: Difference) => ofChanges.some((told) => told.name === one.name && told.seq === one.seq);
    differences.push(...ofChanges, ...compared.differences.filter((one) => !isTold(one)));
    records.set(table, compared.records);
  }
  for (const each of derived) {
    differences.push(...(await each.compare(snapshot, maxDifferences)));
  }
  differences.push(...(await comparePointers(snapshot, isWhole ? sums : undefined)));
  return { rows, head, records, broken, differences };
}

interface TableHistory {
  readonly table: LoggedTable;
  readonly history: ChangeHistory;
}

/** Shows each row to whom it concerns, once: verification row by row visits again what was verified in blocks. */
function noteOnce(histories: readonly TableHistory[], derived: readonly DerivedRecords[]): Notes {
  const byType = new Map<string, ((row: AuditRow) => void)[]>();
  const wants = (types: readonly string[], note: (row: AuditRow) => void) => {
    for (const type of types) {
      byType.set(type, [...(byType.get(type) ?? []), note]);
    }
  };
  for (const { table, history } of histories) {
    wants([...table.log.put, table.log.removed], (row) => history.note(row));
  }
  for (const each of derived) {
    wants(each.types, (row) => each.note(row));
  }
  let noted = 0;
  const once = (notes: readonly ((row: AuditRow) => void)[]) => (row: AuditRow) => {
    if (row.seq > noted) {
      noted = row.seq;
      for (const note of notes) {
        note(row);
      }
    }
  };
  return new Map([...byType].map(([type, notes]) => [type, once(notes)]));
}

/** Verifies the chain row by row. */
async function walk(
  snapshot: Snapshot,
  notes: Notes,
  onProgress?: VerifyOptions["onProgress"],
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
      notes.get(row.transitionType)?.(row);
    }
    await onProgress?.(rows);
  }
  return { rows, broken: chain.end(snapshot.head) ?? null };
}
