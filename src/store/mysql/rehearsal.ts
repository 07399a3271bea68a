import { auditColumns, type NewestRow, type Rehearsed, StoreFailure } from "../../ledger/index.ts";
import { auditValues, rehearsedRecord, rehearsedRow } from "../sql/index.ts";
import { type Connection, guarded, type Row } from "./connection.ts";
import { durabilityOf } from "./durability.ts";
import { bind, tuple } from "./literals.ts";
import { rowsAt } from "./load.ts";
import type { MysqlTable, MysqlTables } from "./tables.ts";
import { putCounted, putOrigins } from "./write.ts";

/** Longer than the wait for the head. */
const answersWithinMs = 2_000;

interface Rehearsal {
  run(commit: boolean): Promise<Rehearsed>;
  /** The next one is on a fresh connection. */
  renew(): void;
  close(): Promise<void>;
}

/** Rehearses on its own connection, so that it delays batches only for the moment in which it holds the head. */
export function createRehearsal(open: () => Promise<Connection>, tables: MysqlTables): Rehearsal {
  const changes = [...tables.values()].flatMap(changesOf);
  const whole = wholeRehearsal(changes);
  let current: Connection | undefined;
  let closed = false;

  async function connected(isLate: AbortSignal): Promise<Connection> {
    if (current !== undefined && !current.broken) {
      return current;
    }
    const fresh = await open();
    if (closed || isLate.aborted) {
      fresh.destroy();
      throw new StoreFailure("unavailable", "the store is closed");
    }
    current = fresh;
    return fresh;
  }

  return {
    run: (commit) =>
      inTime(async (isLate) => {
        const connection = await connected(isLate);
        isLate.addEventListener("abort", () => connection.destroy());
        return await guarded(connection, () => rehearse(connection, whole, touchOf(tables), commit));
      }),
    renew() {
      current?.destroy();
      current = undefined;
    },
    async close() {
      closed = true;
      if (current !== undefined && !current.broken) {
        await guarded(current, current.end).catch(() => undefined);
      }
    },
  };
}

async function rehearse(
  connection: Connection,
  whole: readonly string[],
  touch: readonly string[],
  commit: boolean,
): Promise<Rehearsed> {
  const results = await connection.run(whole);
  const head = results[headAt];
  if (head === undefined || !("affectedRows" in head) || head.affectedRows !== 1) {
    throw new StoreFailure("unavailable", "the head of the audit log is gone");
  }
  if (commit) {
    await connection.run(["UPDATE audit_head SET seq = seq WHERE id = 1", ...touch]);
    await connection.commit();
  }
  return { ...(await durabilityOf(connection)), newest: newestOf(rowsAt(results, newestAt)[0]) };
}

/** `lock_wait_timeout` covers the table locks of migrations and backups, which by default are waited for without limit. */
const limits = "SET SESSION innodb_lock_wait_timeout = 1, SESSION lock_wait_timeout = 1";

const headAt = 1;
const newestAt = 2;

/** One packet, so that the head is not locked during a round trip. The head comes first, as in batches. */
function wholeRehearsal(changes: readonly string[]): readonly string[] {
  const [, ...columns] = auditColumns;
  const [, ...values] = auditValues(rehearsedRow(0));
  return [
    limits,
    "UPDATE audit_head SET seq = seq + 1 WHERE id = 1",
    "SELECT seq, created_at FROM audit_log ORDER BY seq DESC LIMIT 1",
    // After the last row, which is where the next one needs room.
    bind(
      `INSERT INTO audit_log (seq, ${columns.join(", ")}, before_seq) SELECT seq, ${columns.map(() => "?").join(", ")}, 0
         FROM audit_head WHERE id = 1`,
      values,
    ),
    putOrigins([{ originId: rehearsedRow(0).originId, lastSeq: 0, count: undefined, latest: null }]),
    putCounted([{ originId: rehearsedRow(0).originId, lastSeq: 0, count: 0, latest: null }]),
    ...changes,
    "ROLLBACK",
  ];
}

/** What batches do to a table, with a record that nobody can have written. */
function changesOf(sql: MysqlTable): readonly string[] {
  const written = rehearsedRecord(sql.table);
  const { record } = written;
  const version = sql.shape.versionOf(record);
  return [
    sql.insert + tuple(sql.values(written)),
    ...(sql.table.kind === "versioned"
      ? [bind(sql.update, [...sql.values(written), ...sql.place(record, version)])]
      : []),
    bind(sql.remove, sql.place(record, version)),
  ];
}

/** Inserts a row and deletes it: a transaction that changes nothing, and has something to commit. */
export function touchOf(tables: MysqlTables): readonly string[] {
  const all = [...tables.values()];
  const sql = all.find(({ table }) => table.kind === "derived") ?? all[0];
  return sql === undefined ? [] : changesOf(sql);
}

function newestOf(row: Row | undefined): NewestRow | undefined {
  return row === undefined ? undefined : { seq: Number(row[0]), createdAt: String(row[1]) };
}

async function inTime<T>(work: (isLate: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      late.abort();
      reject(new StoreFailure("unavailable", "the database did not answer in time"));
    }, answersWithinMs);
  });
  const working = work(late.signal);
  working.catch(() => undefined);
  return await Promise.race([working, tooLate]).finally(() => clearTimeout(timer));
}
