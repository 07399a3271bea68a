import { errorCode } from "../../base/index.ts";
import { StoreFailure } from "../../ledger/index.ts";
import type { MigrationProgress } from "../sql/index.ts";
import type { Connection } from "./connection.ts";

/** A part of a step of the schema that is more than a statement. Can be repeated, and goes on where it was interrupted. */
export interface Upgrade {
  /** What it comes to. */
  readonly sql: string;
  carryOut(connection: Connection, onProgress: (progress: MigrationProgress) => void): Promise<void>;
}

const probe = "upgrade_probe";

/** An account that may not take a later statement of the step fails here, before a long one begins. */
export const proveRights: Upgrade = {
  sql: `-- a table ${probe} is created, altered, renamed and dropped`,
  async carryOut(connection) {
    if ((await connection.rows("SELECT 1 FROM audit_log LIMIT 1")).length > 0) {
      await connection.run(`DROP TABLE IF EXISTS ${probe}, ${probe}_2`);
      await connection.run(`CREATE TABLE ${probe} (id INT PRIMARY KEY) ENGINE=InnoDB`);
      await connection.run(`ALTER TABLE ${probe} ADD COLUMN more INT NULL, ADD KEY by_more (more)`);
      await connection.run(`RENAME TABLE ${probe} TO ${probe}_2`);
      await connection.run(`DROP TABLE ${probe}_2`);
    }
  },
};

/** Rows that are filled in one transaction. */
const rowsPerFill = 20_000;

/** Fills `before_seq` and `audit_origin` from the rows of the log, in their order. */
export const fillOrigins: Upgrade = {
  sql: "-- audit_log.before_seq and audit_origin.last_seq are filled from the log, in the order of seq",
  async carryOut(connection, onProgress) {
    const [newest] = await connection.rows("SELECT COALESCE(MAX(seq), 0) FROM audit_log");
    const total = Number(newest?.[0]);
    for (let seq: number | undefined = await filledUpTo(connection); seq !== undefined; ) {
      onProgress({ done: seq, total });
      seq = await fillAfter(connection, seq);
      await connection.commit();
    }
  },
};

/** Rows up to this one are filled. */
async function filledUpTo(connection: Connection): Promise<number> {
  const [last] = await connection.rows("SELECT COALESCE(MAX(last_seq), 0) FROM audit_origin");
  return Number(last?.[0]);
}

const nextRows = `SELECT MAX(seq), COUNT(before_seq) FROM
  (SELECT seq, before_seq FROM audit_log WHERE seq > ? ORDER BY seq LIMIT ?) next`;

const fillRows = `UPDATE audit_log l JOIN (
    SELECT a.seq, COALESCE(LAG(a.seq) OVER (PARTITION BY a.origin_id ORDER BY a.seq), o.last_seq, 0) AS before_seq
    FROM audit_log a LEFT JOIN audit_origin o ON o.origin_id = a.origin_id WHERE a.seq > ? AND a.seq <= ?) p
  ON p.seq = l.seq SET l.before_seq = p.before_seq`;

const fillLast = `INSERT INTO audit_origin (origin_id, last_seq)
  SELECT origin_id, MAX(seq) FROM audit_log WHERE seq > ? AND seq <= ? GROUP BY origin_id
  ON DUPLICATE KEY UPDATE last_seq = VALUES(last_seq)`;

/** Fills some rows after one, under the head lock; the last of them, undefined when there are none. */
async function fillAfter(connection: Connection, seq: number): Promise<number | undefined> {
  await connection.run("SELECT seq FROM audit_head WHERE id = 1 FOR UPDATE");
  const next = async (after: number) => (await connection.rows(nextRows, [after, rowsPerFill]))[0] ?? [];
  let from = seq;
  let [to, filled] = await next(from);
  // A server on another node of the cluster came further meanwhile.
  if (Number(filled) > 0) {
    from = await filledUpTo(connection);
    [to, filled] = await next(from);
  }
  // A `seq` beyond the safe integers is no row of ours.
  if (typeof to !== "number" || !(to > from)) {
    return undefined;
  }
  await connection.run([fillRows, fillLast], [from, to, from, to]);
  return to;
}

const old = "read_counter";
const fenced = "read_counter_until_4";

/**
 * Moves the counters. Servers of older versions can write nothing more once their table of counters has another name, so
 * no count is lost, and the rows that they wrote until then can be filled.
 */
export const moveCounters: Upgrade = {
  sql: `-- ${old} is renamed, its counters are added to those in audit_origin, and it is dropped`,
  async carryOut(connection, onProgress) {
    await unlessGone(connection.run(`RENAME TABLE ${old} TO ${fenced}`));
    await fillOrigins.carryOut(connection, onProgress);
    await unlessGone(move(connection));
    await connection.run(`DROP TABLE IF EXISTS ${fenced}, ${old}`);
  },
};

async function move(connection: Connection): Promise<void> {
  await connection.run([
    "SELECT seq FROM audit_head WHERE id = 1 FOR UPDATE",
    `UPDATE audit_origin o JOIN secret s ON o.origin_id = CONCAT('zsc:', s.name) JOIN ${fenced} c ON c.secret_id = s.id
       SET o.read_count = o.read_count + c.read_count,
           o.last_read_zeqond = COALESCE(GREATEST(o.last_read_zeqond, c.last_read_zeqond), o.last_read_zeqond, c.last_read_zeqond)`,
    `DELETE FROM ${fenced}`,
  ]);
  await connection.commit();
}

/** A rival on another node of the cluster, or a start that was interrupted, has come further. */
async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const code = error instanceof StoreFailure ? errorCode(error.cause) : undefined;
    if (code === undefined || !["ER_NO_SUCH_TABLE", "ER_FILE_NOT_FOUND", "ER_TABLE_EXISTS_ERROR"].includes(code)) {
      throw error;
    }
  }
}
