import type { LogPointers } from "../../ledger/index.ts";
import { exactBytes, numberOf, wrongPointerOf } from "../sql/index.ts";
import { failureOf, type Sqlite } from "./database.ts";

const originsPerPage = 1_000;

/** Whether the file has them: one of an older schema can be verified as it is. */
export function hasPointers(database: Sqlite): boolean {
  const column = database.prepare("SELECT 1 FROM pragma_table_info('audit_log') WHERE name = 'before_seq'").get();
  const table = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'audit_origin'").get();
  return column !== undefined && table !== undefined;
}

export function pointersIn(database: Sqlite): LogPointers | undefined {
  if (!hasPointers(database)) {
    return undefined;
  }
  return {
    lasts: () => lasts(database),
    async wrong(limit) {
      try {
        return [selectWrongBefore, selectWrongLast].flatMap((sql) =>
          database.prepare<[number], unknown[]>(sql).raw().all(limit).map(wrongPointerOf),
        );
      } catch (error) {
        throw failureOf(error);
      }
    },
  };
}

async function* lasts(database: Sqlite): ReturnType<LogPointers["lasts"]> {
  const select = database.prepare<[], unknown[]>("SELECT CAST(origin_id AS BLOB), last_seq FROM audit_origin").raw();
  let page: (readonly [Uint8Array, number])[] = [];
  try {
    for (const [origin, seq] of select.iterate()) {
      page.push([exactBytes(origin), numberOf(seq)]);
      if (page.length === originsPerPage) {
        yield page;
        page = [];
      }
    }
  } catch (error) {
    throw failureOf(error);
  }
  yield page;
}

const selectWrongBefore = `SELECT seq, CAST(origin_id AS BLOB), before_seq, expected FROM (
    SELECT seq, origin_id, before_seq, COALESCE(LAG(seq) OVER (PARTITION BY origin_id ORDER BY seq), 0) AS expected
    FROM audit_log)
  WHERE before_seq IS NOT expected ORDER BY seq LIMIT ?`;

const selectWrongLast = `WITH newest AS (SELECT origin_id, MAX(seq) AS seq FROM audit_log GROUP BY origin_id)
  SELECT NULL, CAST(COALESCE(n.origin_id, o.origin_id) AS BLOB), o.last_seq, n.seq
  FROM newest n FULL JOIN audit_origin o ON o.origin_id = n.origin_id
  WHERE o.last_seq IS NOT n.seq LIMIT ?`;
