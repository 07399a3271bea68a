import type { MigrationProgress } from "../sql/index.ts";
import { type Sqlite, underLock } from "./lock.ts";

/** A part of a step of the schema that is more than a statement. */
export interface Upgrade {
  /** What it comes to. */
  readonly sql: string;
  /** Under the write lock. Idempotent. */
  run(database: Sqlite): void;
  /** What can be done before, in transactions of its own. Idempotent: one that was interrupted goes on where it was. */
  prepare?(database: Sqlite, progress: (now: MigrationProgress) => void): void;
}

/** Adds a column, unless it is there. */
export function addColumn(table: string, definition: string): Upgrade {
  const sql = `ALTER TABLE ${table} ADD COLUMN ${definition}`;
  const isThere = "SELECT 1 FROM pragma_table_info(?) WHERE name = ?";
  return {
    sql,
    run(database) {
      if (database.prepare(isThere).get(table, definition.split(" ")[0]) === undefined) {
        database.exec(sql);
      }
    },
  };
}

const addsBeforeSeq = addColumn("audit_log", "before_seq INTEGER");

/** NULL until it is filled. */
export const addBeforeSeq: Upgrade = {
  ...addsBeforeSeq,
  prepare(database) {
    underLock(database, () => addsBeforeSeq.run(database));
  },
};

/** Moves the counters of secrets to their origins. */
export const moveCounters: Upgrade = {
  sql: `UPDATE audit_origin SET read_count = c.read_count, last_read_zeqond = c.last_read_zeqond
       FROM secret s JOIN read_counter c ON c.secret_id = s.id WHERE audit_origin.origin_id = 'zsc:' || s.name`,
  run(database) {
    const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE name IN ('secret', 'read_counter')").all();
    if (known.length === 2) {
      database.exec(this.sql);
    }
  },
};

/** Rows that are filled in one transaction. */
const rowsPerFill = 20_000;

/** Fills `before_seq` and `audit_origin` from the rows of the log, in their order. */
export const fillOrigins: Upgrade = {
  sql: "-- audit_log.before_seq and audit_origin.last_seq are filled from the log, in the order of seq",
  run(database) {
    const filler = fillerOf(database);
    for (let seq: number | undefined = filler.filledUpTo(); seq !== undefined; ) {
      seq = filler.fillAfter(seq);
    }
  },
  prepare(database, progress) {
    underLock(database, () =>
      database.exec(`CREATE TABLE IF NOT EXISTS audit_origin (
       origin_id TEXT NOT NULL PRIMARY KEY,
       last_seq INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID`),
    );
    const filler = fillerOf(database);
    const total = Number(database.prepare("SELECT COALESCE(MAX(seq), 0) FROM audit_log").pluck().get());
    for (let seq: number | undefined = filler.filledUpTo(); seq !== undefined; ) {
      progress({ done: seq, total });
      const from: number = seq;
      seq = underLock(database, () => filler.fillAfter(from));
    }
  },
};

function fillerOf(database: Sqlite) {
  const filledUpTo = database.prepare<[], number>("SELECT COALESCE(MAX(last_seq), 0) FROM audit_origin").pluck();
  const after = database
    .prepare<[number, number], [number, string]>(
      "SELECT seq, origin_id FROM audit_log WHERE seq > ? ORDER BY seq LIMIT ?",
    )
    .raw();
  const lastOf = database.prepare<[string], number>("SELECT last_seq FROM audit_origin WHERE origin_id = ?").pluck();
  const isNextFilled = database
    .prepare<[number], number>("SELECT before_seq IS NOT NULL FROM audit_log WHERE seq > ? ORDER BY seq LIMIT 1")
    .pluck();
  const setBefore = database.prepare<[number, number]>("UPDATE audit_log SET before_seq = ? WHERE seq = ?");
  const setLast = database.prepare<[string, number]>(putOrigin);
  return {
    /** Rows up to this one are filled. */
    filledUpTo: () => Number(filledUpTo.get()),
    /** Fills some rows after one; the last of them, undefined when there are none. */
    fillAfter(seq: number): number | undefined {
      // Another server may have come further meanwhile.
      const from = isNextFilled.get(seq) === 1 ? Number(filledUpTo.get()) : seq;
      const rows = after.all(from, rowsPerFill);
      const last = new Map<string, number>();
      for (const [at, origin] of rows) {
        setBefore.run(last.get(origin) ?? lastOf.get(origin) ?? 0, at);
        last.set(origin, at);
      }
      for (const [origin, at] of last) {
        setLast.run(origin, at);
      }
      const reached = rows.at(-1)?.[0];
      // A `seq` beyond the safe integers, which no row of ours has, may read as the one before it.
      return reached === undefined || !(reached > from) ? undefined : reached;
    },
  };
}

/** With the origin and the `seq` of its last row. */
export const putOrigin = `INSERT INTO audit_origin (origin_id, last_seq) VALUES (?, ?)
  ON CONFLICT (origin_id) DO UPDATE SET last_seq = excluded.last_seq`;
