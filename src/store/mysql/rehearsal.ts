import { auditColumns } from "../../ledger/row.ts";
import { type NewestRow, type Rehearsed, StoreFailure } from "../../ledger/store.ts";
import { auditValues, secretColumns, secretValues } from "../columns.ts";
import { rehearsedDenial, rehearsedRow, rehearsedSecret } from "../rehearsed-rows.ts";
import { type Connection, guarded } from "./connection.ts";
import { durabilityOf } from "./durability.ts";
import { rowsAt } from "./load.ts";

/** The wait for the head is over before. */
const answersWithinMs = 2_000;

export interface Rehearsal {
  run(commit: boolean): Promise<Rehearsed>;
  /** The next one is on a fresh connection. */
  renew(): void;
  close(): Promise<void>;
}

/** Rehearses on its own connection, so that it delays batches only for the moment in which it holds the head. */
export function createRehearsal(open: () => Promise<Connection>): Rehearsal {
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
        return await guarded(connection, () => rehearse(connection, commit));
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

async function rehearse(connection: Connection, commit: boolean): Promise<Rehearsed> {
  const { id } = rehearsedSecret;
  const { seq, zid, zeqond } = rehearsedDenial;
  const results = await connection.run(whole, [
    ...auditValues(rehearsedRow(0)).slice(1),
    ...[secretValues(rehearsedSecret), id, id, id, id],
    ...[seq, zid, zeqond, seq],
  ]);
  const head = results[headAt];
  if (head === undefined || !("affectedRows" in head) || head.affectedRows !== 1) {
    throw new StoreFailure("unavailable", "the head of the audit log is gone");
  }
  if (commit) {
    await connection.run(unchanged, [seq, zid, zeqond, seq]);
    await connection.commit();
  }
  return { ...(await durabilityOf(connection)), newest: newestOf(rowsAt(results, newestAt)[0]) };
}

/** Includes the table locks of migrations and backups, for which a session waits without a limit by default. */
const limits = "SET SESSION innodb_lock_wait_timeout = 1, SESSION lock_wait_timeout = 1";

const denials = ["INSERT INTO denial (seq, zid, zeqond) VALUES (?, ?, ?)", "DELETE FROM denial WHERE seq = ?"];

/** In one packet, so that the head is held for no round trip; as batches do, the head comes first. */
const whole = [
  limits,
  "UPDATE audit_head SET seq = seq + 1 WHERE id = 1",
  "SELECT seq, created_at FROM audit_log ORDER BY seq DESC LIMIT 1",
  // Behind the last row, which is where the next one needs room.
  `INSERT INTO audit_log (${auditColumns.join(", ")})
     SELECT seq, ${auditColumns
       .slice(1)
       .map(() => "?")
       .join(", ")} FROM audit_head WHERE id = 1`,
  `INSERT INTO secret (${secretColumns.join(", ")}) VALUES (?)`,
  "UPDATE secret SET version = 2 WHERE id = ?",
  "DELETE FROM secret WHERE id = ?",
  `INSERT INTO read_counter (secret_id, read_count, last_read_zeqond) VALUES (?, 0, NULL)
     ON DUPLICATE KEY UPDATE read_count = VALUES(read_count)`,
  "DELETE FROM read_counter WHERE secret_id = ?",
  ...denials,
  "ROLLBACK",
];

const headAt = 1;
const newestAt = 2;

const unchanged = ["UPDATE audit_head SET seq = seq WHERE id = 1", ...denials];

function newestOf(row: Readonly<Record<string, unknown>> | undefined): NewestRow | undefined {
  return row === undefined ? undefined : { seq: Number(row["seq"]), createdAt: String(row["created_at"]) };
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
