import type { AnyRecord, AnyTable, LedgerWrite } from "../../ledger/index.ts";
import type { TableSql } from "./table-sql.ts";

/** What a batch leaves of an origin in `audit_origin`. */
export interface OriginWrite {
  readonly originId: string;
  /** Its last row. */
  lastSeq: number;
  /** The counters of its record, when they moved: how often, and when last, null for never. Undefined: they stay. */
  count: number | undefined;
  latest: number | null;
}

/** The rows of a batch with the rows before them that have the same origin, and what it leaves of their origins. */
interface LinkedOrigins<T> {
  /** For each row the one before it; what `lastOf` gave for the first row of an origin. */
  readonly before: readonly (number | T)[];
  readonly origins: readonly OriginWrite[];
}

/** @param lastOf the last row of an origin before the batch */
export function linkOrigins<T>(
  { rows, tables }: LedgerWrite,
  sqlOf: (table: AnyTable) => TableSql,
  lastOf: (originId: string) => T,
): LinkedOrigins<T> {
  const byId = new Map<string, OriginWrite>();
  const origins: OriginWrite[] = [];
  const before: (number | T)[] = [];
  for (const { originId, seq } of rows) {
    const known = byId.get(originId);
    if (known === undefined) {
      const origin = { originId, lastSeq: seq, count: undefined, latest: null };
      byId.set(originId, origin);
      origins.push(origin);
      before.push(lastOf(originId));
    } else {
      before.push(known.lastSeq);
      known.lastSeq = seq;
    }
  }
  for (const { table, deletes, inserts, counts } of tables) {
    const { counters } = sqlOf(table);
    if (counters === undefined) {
      continue;
    }
    const set = (record: AnyRecord, count: number, latest: number | null) => {
      const originId = counters.originOf(record);
      const origin = byId.get(originId);
      if (origin !== undefined) {
        origin.count = count;
        origin.latest = latest;
      } else if (count > 0) {
        const lastSeq = lastOf(originId);
        // Somebody took the origin's row out by hand: what is missing is for verification to tell, and not to be made up.
        if (typeof lastSeq === "number" && lastSeq > 0) {
          origins.push({ originId, lastSeq, count, latest });
        }
      }
    };
    for (const record of deletes) {
      set(record, 0, null);
    }
    for (const { record } of inserts) {
      set(record, counters.countOf(record), counters.latestOf(record));
    }
    for (const record of counts) {
      set(record, counters.countOf(record), counters.latestOf(record));
    }
  }
  return { before, origins };
}
