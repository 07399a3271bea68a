import { auditColumns, type FollowingRow, type RowSelection } from "../../ledger/index.ts";
import { exactText } from "./exact-text.ts";
import { pageOf } from "./pages.ts";
import { auditRowOf } from "./stored.ts";
import { marks } from "./table-sql.ts";

const columns = auditColumns.map((column) => `l.${column}`).join(", ");

/** Rows of the log, newest first, each followed by the id of the row before it. */
export function selectRowsBefore(
  select: RowSelection,
  limit: number,
): { readonly sql: string; readonly values: readonly unknown[] } {
  const { fromSeq, beforeSeq, types, seqs, actors, mentions } = select;
  const conditions = ["l.seq >= ?", "l.seq < ?"];
  const values: unknown[] = [fromSeq, beforeSeq];
  if (types !== undefined) {
    conditions.push(`l.transition_type IN (${marks(types.length)})`);
    values.push(...types);
  }
  if (seqs !== undefined) {
    conditions.push(`l.seq IN (${marks(seqs.length)})`);
    values.push(...seqs);
  }
  if (actors !== undefined) {
    conditions.push(`l.actor_zid IN (${marks(actors.length)})`);
    values.push(...actors);
  }
  if (mentions !== undefined) {
    conditions.push("(instr(l.origin_id, ?) > 0 OR instr(l.payload_json, ?) > 0)");
    values.push(mentions, JSON.stringify(mentions).slice(1, -1));
  }
  const sql = `SELECT ${columns}, p.id FROM audit_log l LEFT JOIN audit_log p ON p.seq = l.seq - 1
    WHERE ${conditions.join(" AND ")} ORDER BY l.seq DESC LIMIT ?`;
  return { sql, values: [...values, limit] };
}

/** The results of `selectRowsBefore`, as one page. */
export function followingRows(results: Iterable<readonly unknown[]>): readonly FollowingRow[] {
  return pageOf(results, (columns) => String(columns[payloadAt] ?? "").length).map((columns) => {
    const beforeId = columns[auditColumns.length] ?? null;
    return { row: auditRowOf(columns), beforeId: beforeId === null ? null : exactText(beforeId) };
  });
}

const payloadAt = auditColumns.indexOf("payload_json");
