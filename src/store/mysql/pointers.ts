import type { LogPointers } from "../../ledger/index.ts";
import { exactBytes, numberOf, wrongPointerOf } from "../sql/index.ts";
import { type Connection, guarded } from "./connection.ts";

const originsPerPage = 1_000;

/** Whether the database has them: one of an older schema can be verified as it is. */
export async function hasPointers(connection: Connection): Promise<boolean> {
  const known = await connection.rows(
    `SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE()
       AND ((table_name = 'audit_log' AND column_name = 'before_seq') OR (table_name = 'audit_origin' AND column_name = 'last_seq'))`,
  );
  return known.length === 2;
}

export function pointersIn(connection: Connection): LogPointers {
  return {
    lasts: () => lasts(connection),
    wrong: (limit) =>
      guarded(connection, async () => {
        const before = await connection.rows(selectWrongBefore, [limit]);
        const last = await connection.rows(selectWrongLast, [limit]);
        return [...before, ...last].map(wrongPointerOf);
      }),
  };
}

async function* lasts(connection: Connection): ReturnType<LogPointers["lasts"]> {
  const select = "SELECT origin_id, last_seq FROM audit_origin";
  const ask = (where: string, values: readonly unknown[]) => {
    const sql = `${select} ${where} ORDER BY origin_id LIMIT ?`;
    return guarded(connection, () => connection.rows(sql, [...values, originsPerPage]));
  };
  for (let page = await ask("", []); page.length > 0; ) {
    yield page.map(([origin, seq]) => [exactBytes(origin), numberOf(seq)] as const);
    page = await ask("WHERE origin_id > ?", [page.at(-1)?.[0]]);
  }
}

const selectWrongBefore = `SELECT seq, origin_id, before_seq, expected FROM (
    SELECT seq, origin_id, before_seq, COALESCE(LAG(seq) OVER (PARTITION BY origin_id ORDER BY seq), 0) AS expected
    FROM audit_log) linked
  WHERE NOT before_seq <=> expected ORDER BY seq LIMIT ?`;

const selectWrongLast = `SELECT NULL, COALESCE(newest.origin_id, o.origin_id), o.last_seq, newest.seq
  FROM (SELECT origin_id, MAX(seq) AS seq FROM audit_log GROUP BY origin_id) newest
    LEFT JOIN audit_origin o ON o.origin_id = newest.origin_id
  WHERE NOT o.last_seq <=> newest.seq
  UNION ALL
  SELECT NULL, o.origin_id, o.last_seq, NULL FROM audit_origin o
    WHERE NOT EXISTS (SELECT 1 FROM audit_log l WHERE l.origin_id = o.origin_id)
  LIMIT ?`;
