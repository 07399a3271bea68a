import { type AuditRow, type Store, subjectOf } from "../ledger/index.ts";

/**
 * One row of the audit log.
 *
 * @example
 *     const reads = (rows: readonly TestRow[]) => rows.filter(({ type }) => type === "secret_read");
 */
export interface TestRow {
  /** From 1, without gaps. */
  readonly seq: number;
  /** For example `secret_read` or `secret_denied`. */
  readonly type: string;
  /** The secret that it is about; `*` for lists. */
  readonly name: string;
  /** Who did it, or was refused. */
  readonly actorZid: string;
  /** What the row says, for example `{ name, purpose, reason }`. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly zeqond: number;
  readonly transitionId: string;
  readonly proofDigest: string;
  readonly rowHash: string;
  /** `<seq>.<row_hash>`, as clients get it. */
  readonly receipt: string;
  /** ISO 8601, UTC, milliseconds. */
  readonly createdAt: string;
}

const rowsPerPage = 1_000;

/** The whole log, oldest first. */
export async function readRows(store: Pick<Store, "rowsAfter">): Promise<readonly TestRow[]> {
  const rows: TestRow[] = [];
  for (;;) {
    const page = await store.rowsAfter(rows.length, rowsPerPage);
    if (page.length === 0) {
      return rows;
    }
    rows.push(...page.map(testRow));
  }
}

function testRow(row: AuditRow): TestRow {
  const { seq, actorZid, transitionId, proofDigest, rowHash, createdAt } = row;
  return {
    ...{ seq, actorZid, transitionId, proofDigest, rowHash, createdAt },
    type: row.transitionType,
    name: subjectOf(row.originId),
    payload: JSON.parse(row.payloadJson) as Readonly<Record<string, unknown>>,
    zeqond: row.zeqondNumber,
    receipt: `${seq}.${rowHash}`,
  };
}
