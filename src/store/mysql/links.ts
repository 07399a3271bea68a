import type { ListedRow } from "../../ledger/index.ts";
import { auditRowOf, exactText, type LogLinks, listedColumns, type RowLink } from "../sql/index.ts";
import type { Row } from "./connection.ts";
import type { Read } from "./pages.ts";

const columns = ["seq", "origin_id", "transition_type", "before_seq"];
const ofRow = columns.map((column) => `l.${column}`).join(", ");

/** A pointer that does not lead back would lead around for ever. */
const walk = `WITH RECURSIVE walked AS (
    SELECT ${ofRow}, 1 AS steps FROM audit_log l WHERE l.seq = ?
    UNION ALL
    SELECT ${ofRow}, w.steps + 1 FROM walked w JOIN audit_log l ON l.seq = w.before_seq
      WHERE w.before_seq < w.seq AND w.steps < ?)
  SELECT ${columns.join(", ")} FROM walked ORDER BY steps`;

/** The log as it is walked through by `rowsOfOrigin`: one statement for some hundred rows. */
export function linksOf(read: Read): LogLinks {
  return {
    async lastOf(originId) {
      const [row] = await read("SELECT last_seq FROM audit_origin WHERE origin_id = ?", [originId]);
      return typeof row?.[0] === "number" ? row[0] : undefined;
    },
    walk: async (seq, most) => (await read(walk, [seq, most])).map(linkOf),
    before: async (seq, most) =>
      (await read(`SELECT ${ofRow} FROM audit_log l WHERE l.seq < ? ORDER BY l.seq DESC LIMIT ?`, [seq, most])).map(
        linkOf,
      ),
  };
}

function linkOf([seq, originId, type, before]: Row): RowLink {
  return { seq: Number(seq), originId: exactText(originId), type: exactText(type), before };
}

/** The rows with these `seq`, newest first, without their payloads. */
export async function listedAt(read: Read, found: readonly number[]): Promise<readonly ListedRow[]> {
  if (found.length === 0) {
    return [];
  }
  const sql = `SELECT ${listedColumns.join(", ")} FROM audit_log WHERE seq IN (?) ORDER BY seq DESC`;
  return (await read(sql, [found])).map(auditRowOf);
}
