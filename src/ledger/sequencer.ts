import { type Cancellation, type Clock, momentOf, type RowMac, VaultError } from "../base/index.ts";
import { type AppliedBatch, applyBatch, discardBatch } from "./batch.ts";
import { FairQueue } from "./fair-queue.ts";
import { needsOf } from "./needs.ts";
import type { Operation, Recorded } from "./operation.ts";
import { type Loaded, type Store, StoreFailure } from "./store.ts";
import { Waiter } from "./waiter.ts";

export interface Sequencer {
  /**
   * Adds one operation to the batch being collected and resolves with its outcome once that batch is durable.
   *
   * Implementations MUST NOT resolve before the commit has returned, and MUST reject every waiter of a failed batch.
   * Callers MUST NOT release a plaintext in any other way.
   *
   * @param signal when aborted before its batch is taken, the operation leaves the queue and is never applied. Later it
   * has no effect.
   * @param principal the caller: principals take turns, and share the places. Undefined: the server itself.
   * @throws VaultError the refusal, with its `receipt`; `STORE_UNAVAILABLE` when this batch, or the one before it,
   * failed because of the database; `OVERLOADED` when the queue is full, or the principal has used its share of it.
   */
  submit<T>(operation: Operation<T>, signal?: Cancellation, principal?: string): Promise<Recorded<T>>;
  /** Rejects new operations and resolves when all waiting ones are settled. */
  close(): Promise<void>;
}

export interface SequencerOptions {
  readonly store: Pick<Store, "transact" | "inProcess">;
  readonly clock: Clock;
  /** Required when a table is vouched for. */
  readonly mac?: RowMac;
  /** Called for each failed attempt at a batch. `attempt` counts from 1. */
  readonly onFailure?: (failure: StoreFailure, attempt: number) => void;
  /** Limit of audit rows per batch; a single operation may exceed it. */
  readonly maxBatchRows?: number;
  /** Limit of the sealed values, permissions and payloads written per batch; a single operation may exceed it. */
  readonly maxBatchBytes?: number;
  /** After a batch that loaded more than this, batches get smaller. */
  readonly maxLoadBytes?: number;
  /** Places in the queue: an operation takes one for each row that it writes, and one for each 16 KiB of its input. */
  readonly maxWaiting?: number;
}

/** Settles the promises of all callers of a batch. */
type Answer = () => void;

/** Attempts at a batch before its callers get UNAVAILABLE. The backoff adds up to one to two seconds. */
const maxAttempts = 40;
/** Short, because a rival on another node leaves the head free for a few milliseconds now and then. */
const longestBackoffMs = 50;
/** No attempt begins after this time, which is a little longer than the database keeps the lock of a lost session. */
const maxTryingMs = 11_000;
const overloadRetryMs = 100;

/** Group commit: one batch in flight, the next one collecting. No timers, so an idle vault adds no delay. */
export function createSequencer(options: SequencerOptions): Sequencer {
  const { store, clock, mac, onFailure, maxBatchRows = 256, maxBatchBytes = 1_048_576 } = options;
  const { maxLoadBytes = 8_388_608, maxWaiting = 8_200 } = options;
  const waiting = new FairQueue<Waiter>(maxWaiting);
  /** Limit of rows in the next batch: below `maxBatchRows` after a batch that was too large in bytes. */
  let mostRows = maxBatchRows;
  let running: Promise<void> | undefined;
  let closed = false;

  function submit<T>(operation: Operation<T>, signal?: Cancellation, principal?: string): Promise<Recorded<T>> {
    if (closed) {
      return Promise.reject(new VaultError("STORE_UNAVAILABLE", "the server is stopping"));
    }
    if (signal?.aborted) {
      return Promise.reject(signal.reason);
    }
    return new Promise((resolve, reject) => {
      const submission = { operation, signal, principal };
      const waiter = new Waiter(waiting, submission, resolve as (recorded: Recorded<unknown>) => void, reject);
      if (waiting.add(waiter)) {
        running ??= drain();
      } else {
        waiter.reject(new VaultError("OVERLOADED", "too many calls are waiting", { retryAfterMs: overloadRetryMs }));
      }
    });
  }

  async function drain(): Promise<void> {
    let answerLast: Answer | undefined;
    while (!waiting.isEmpty) {
      // Operations of this turn of the event loop share the batch. Between batches of a synchronous store, I/O can run.
      if (answerLast === undefined) {
        await new Promise(setImmediate);
      }
      const settling = settle(take());
      // An external database processes this batch while the answers of the last one are written.
      answerLast?.();
      answerLast = await settling;
      if (store.inProcess || waiting.isEmpty) {
        answerLast();
        answerLast = undefined;
      }
    }
    running = undefined;
  }

  function take(): readonly Waiter[] {
    let rows = 0;
    let bytes = 0;
    const taken: Waiter[] = [];
    for (let next = waiting.peek(); next !== undefined; next = waiting.peek()) {
      const { weight } = next.operation;
      const full = rows + weight.rows > mostRows || bytes + weight.bytes > maxBatchBytes;
      if (full && taken.length > 0) {
        break;
      }
      rows += weight.rows;
      bytes += weight.bytes;
      waiting.take();
      taken.push(next);
    }
    return taken;
  }

  /** Never rejects. Operations that did not fit into the batch return to the head of the queue. */
  async function settle(batch: readonly Waiter[]): Promise<Answer> {
    if (batch.length === 0) {
      return () => undefined;
    }
    try {
      const applied = await commit(batch.map((waiter) => waiter.operation));
      const { settled } = applied;
      mostRows = nextMostRows(batch, applied);
      for (const waiter of batch.slice(settled.length).reverse()) {
        waitAgain(waiter);
      }
      return () => settled.forEach((each, index) => void batch[index]?.answer(each));
    } catch (error) {
      return () => batch.forEach((waiter) => void waiter.reject(error));
    }
  }

  /** Adapts the batch size, so that the rows loaded under the lock are not many more than those applied. */
  function nextMostRows(batch: readonly Waiter[], { settled, loadedBytes }: AppliedBatch): number {
    const rowsOf = (waiters: readonly Waiter[]) => waiters.reduce((sum, waiter) => sum + waiter.rows, 0);
    if (settled.length < batch.length) {
      return rowsOf(batch.slice(0, settled.length));
    }
    if (loadedBytes > maxLoadBytes) {
      return Math.max(1, Math.floor((rowsOf(batch) * maxLoadBytes) / loadedBytes));
    }
    return Math.min(maxBatchRows, 2 * mostRows);
  }

  function waitAgain(waiter: Waiter): void {
    if (waiter.signal?.aborted) {
      waiter.reject(waiter.signal.reason);
    } else {
      waiting.putBack(waiter);
    }
  }

  /** Rejects all waiting operations: while the database is unavailable, each would wait and then fail alike. */
  function refuseWaiting(failure: StoreFailure): void {
    for (let next = waiting.take(); next !== undefined; next = waiting.take()) {
      next.reject(giveUp(failure, false));
    }
  }

  /**
   * Resolves when the batch is durable. Retries where that can help; the chain tells whether a lost COMMIT succeeded.
   */
  async function commit(operations: readonly Operation<unknown>[]): Promise<AppliedBatch> {
    const inDoubt: AppliedBatch[] = [];
    const lastAttemptMs = performance.now() + maxTryingMs;
    let done: AppliedBatch | undefined;
    try {
      for (let attempt = 1; done === undefined; attempt++) {
        done = await attemptOnce(operations, inDoubt, attempt, lastAttemptMs);
      }
      return done;
    } finally {
      for (const batch of inDoubt.filter((each) => each !== done)) {
        discardBatch(operations, batch);
      }
    }
  }

  /** Undefined when the batch must be retried. A failed attempt is added to `inDoubt` if it is in doubt, else wiped. */
  async function attemptOnce(
    operations: readonly Operation<unknown>[],
    inDoubt: AppliedBatch[],
    attempt: number,
    lastAttemptMs: number,
  ): Promise<AppliedBatch | undefined> {
    let applied: AppliedBatch | undefined;
    try {
      const rowHashesAt = inDoubt.flatMap(({ write }) => (write ? [write.to.seq] : []));
      const load = { needs: needsOf(operations), nowZeqond: momentOf(clock).zeqond, rowHashesAt };
      await store.transact(load, (loaded) => {
        const committed = inDoubt.find((batch) => isIn(batch, loaded));
        applied = committed ?? applyBatch(operations, loaded, momentOf(clock), { maxBytes: maxBatchBytes, mac });
        return committed ? null : applied.write;
      });
      if (applied === undefined) {
        throw new Error("the store committed without a decision");
      }
      return applied;
    } catch (error) {
      throwBack(operations, applied, inDoubt, error);
      if (!(error instanceof StoreFailure)) {
        throw error;
      }
      onFailure?.(error, attempt);
      const again = error.kind === "unavailable" ? attempt === 1 || inDoubt.length > 0 : true;
      const isLate = performance.now() > lastAttemptMs;
      if (!again || isLate || attempt >= maxAttempts) {
        if (isLate || error.kind !== "conflict") {
          refuseWaiting(error);
        }
        throw giveUp(error, inDoubt.length > 0);
      }
      await backOff(attempt);
      return undefined;
    }
  }

  return {
    submit,
    close: async () => {
      closed = true;
      await running;
    },
  };
}

/** Whether an attempt whose COMMIT got no answer was committed: the chain then holds its last row. */
function isIn({ write }: AppliedBatch, loaded: Loaded): boolean {
  return write !== null && loaded.rowHashes.get(write.to.seq) === write.to.rowHash;
}

/** Keeps the values of a failed attempt that is in doubt, and wipes those of any other. */
function throwBack(
  operations: readonly Operation<unknown>[],
  applied: AppliedBatch | undefined,
  inDoubt: AppliedBatch[],
  error: unknown,
): void {
  if (applied === undefined || inDoubt.includes(applied)) {
    return;
  }
  if (error instanceof StoreFailure && error.kind === "in_doubt" && applied.write) {
    inDoubt.push(applied);
  } else {
    discardBatch(operations, applied);
  }
}

function giveUp(failure: StoreFailure, inDoubt: boolean): VaultError {
  const message = inDoubt
    ? "the database went away during the commit and no plaintext was released but the call may have been recorded"
    : "the database is not available and nothing was released";
  return new VaultError("STORE_UNAVAILABLE", message, { cause: failure, retryAfterMs: 1_000 });
}

function backOff(attempt: number): Promise<void> {
  const ceilingMs = Math.min(longestBackoffMs, 2 ** attempt);
  return new Promise((resolve) => setTimeout(resolve, ceilingMs * (0.5 + Math.random() / 2)));
}
