import {
  type AnyTable,
  type AuditRow,
  type ChangeIndex,
  keyText,
  type LastChange,
  type LogOfChanges,
  markAtFromEnd,
  markText,
  type Snapshot,
  type StoredRow,
  shapeOf,
  versionIn,
} from "../ledger/index.ts";
import type { Difference } from "./report.ts";

/** A table whose changes are in the log. */
export interface LoggedTable extends AnyTable {
  readonly log: LogOfChanges;
}

export function isLogged(table: AnyTable): table is LoggedTable {
  return table.log !== undefined;
}

/**
 * Takes the log's changes in order, keeps the last one of each record, and reports changes that cannot follow the one
 * before: if an attacker restores an older row and it is changed again, a version appears twice.
 */
export class ChangeHistory {
  readonly #table: LoggedTable;
  readonly #index: ChangeIndex;
  readonly #limit: number;
  readonly #differences: Difference[] = [];

  /** @param limit the number of differences to keep; the first ones are kept */
  constructor(table: LoggedTable, index: ChangeIndex, limit: number) {
    this.#table = table;
    this.#index = index;
    this.#limit = limit;
  }

  get differences(): readonly Difference[] {
    return this.#differences;
  }

  /** Takes a row of one of the types that change the table. */
  note(row: AuditRow): void {
    const { seq, transitionType, originId, payloadJson } = row;
    const { name: table, log } = this.#table;
    const told = log.changeOf?.(row);
    if (log.changeOf === undefined ? isNoChange(row, log) : told === undefined) {
      return;
    }
    const ofOrigin = originId.startsWith(log.originPrefix) ? originId.slice(log.originPrefix.length) : originId;
    const key = told?.key ?? ofOrigin;
    const before = this.#index.get(table, key);
    const change = transitionType === log.removed ? undefined : (told ?? marksOf(payloadJson, log));
    const why = oddityOf(change, before, log);
    if (why !== undefined && this.#differences.length < this.#limit) {
      this.#differences.push({ table: this.#table, name: key, seq, why });
    }
    if (change === undefined) {
      this.#index.delete(table, key);
    } else {
      this.#index.put({ table, key, seq, version: change.version, sealedDigest: change.sealedDigest });
    }
  }
}

/** A row of a type that changes a record only when it ends with marks. */
function isNoChange({ transitionType, payloadJson }: AuditRow, { sometimes }: LogOfChanges): boolean {
  return sometimes?.includes(transitionType) === true && !payloadJson.slice(-markAtFromEnd).startsWith(markText);
}

/** Why a change cannot follow the one before; undefined when it can. A change without marks is a deletion. */
function oddityOf(
  change: Marks | undefined,
  before: LastChange | undefined,
  { noun }: LogOfChanges,
): string | undefined {
  const creates = change?.creates === true;
  if (creates && before !== undefined) {
    return `it was created when the log had it already, at version ${before.version}`;
  }
  if (!creates && before === undefined) {
    return `it was ${change === undefined ? "deleted" : "changed"} when the log had no ${noun} of that name`;
  }
  const expected = (before?.version ?? 0) + 1;
  return change === undefined || change.version === expected
    ? undefined
    : `it became version ${change.version} where version ${expected} was to follow: a row put back by hand was changed`;
}

interface Marks {
  readonly version: number;
  readonly sealedDigest: string;
  /** Whether it created the record. */
  readonly creates: boolean;
}

/** The marks in a change's payload; a payload without them yields marks that match no record. */
function marksOf(payloadJson: string, { created }: LogOfChanges): Marks {
  try {
    const { version, sealed_digest, purpose } = JSON.parse(payloadJson);
    if (Number.isSafeInteger(version)) {
      return { version, sealedDigest: String(sealed_digest), creates: purpose === created };
    }
  } catch {
    // The row was not written by ZSC.
  }
  return { version: 0, sealedDigest: "", creates: false };
}

/**
 * Compares every record of a table with its last change, and reports last changes without a record. The index MUST have the
 * changes of all tables: a record may be gone when the log has removed its owner.
 */
export async function compareRecords(
  snapshot: Pick<Snapshot, "records">,
  table: LoggedTable,
  index: ChangeIndex,
  limit: number,
): Promise<{ readonly records: number; readonly differences: readonly Difference[] }> {
  const keyAt = table.key.map((field) => table.columns.findIndex((column) => column.field === field));
  const differences: Difference[] = [];
  let records = 0;
  for await (const page of snapshot.records(table)) {
    for (const { row } of page) {
      records++;
      const key = keyText(keyAt.map((at) => String(row[at])));
      const difference = compareRow(table, row, key, index.get(table.name, key));
      if (difference !== undefined && differences.length < limit) {
        differences.push(difference);
      }
      index.meet(table.name, key);
    }
  }
  for (const { key, seq } of index.unmet(table.name, limit - differences.length, table.log.owner)) {
    differences.push({
      ...{ table, name: key, seq },
      why: "the log has it, the vault does not: it was taken out by hand",
    });
  }
  return { records, differences };
}

function compareRow(
  table: AnyTable,
  row: StoredRow,
  name: string,
  change: LastChange | undefined,
): Difference | undefined {
  if (change === undefined) {
    return { table, name, seq: null, why: "the vault has it, the log does not: it was put there by hand" };
  }
  const version = Number(versionIn(table, row));
  if (version === change.version && shapeOf(table).digest(row) === change.sealedDigest) {
    return undefined;
  }
  return { table, name, seq: change.seq, why: reasonOf(version, change.version) };
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
