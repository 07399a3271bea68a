import type { Clock } from "../domain/clock.ts";
import { VaultError } from "../domain/errors.ts";
import { lookedAtZeqonds } from "../domain/limiter.ts";
import { momentOf } from "../domain/moment.ts";
import { type AppliedBatch, applyBatch, type Settled } from "./batch.ts";
import { type Operation, type Recorded, receiptText } from "./operation.ts";
import { type Loaded, type LoadRequest, type Store, StoreFailure } from "./store.ts";

export interface Sequencer {
  /**
   * Adds one operation to the batch being collected and resolves with its outcome once that batch is durable.
   *
   * Implementations MUST NOT resolve before the commit has returned, and MUST reject every waiter of a failed batch.
   * Callers MUST NOT release a plaintext by any other way.
   *
   * @param signal when aborted before its batch is taken, the operation never happens. Afterwards it counts.
   * @throws VaultError the refusal, with its `receipt`; `STORE_UNAVAILABLE` when the batch failed, or the database went
   * away under the batch before; `OVERLOADED` beyond `maxWaiting` operations.
   */
  submit<T>(operation: Operation<T>, signal?: Cancellation): Promise<Recorded<T>>;
  /** Takes nothing more and resolves when all that waits is settled. */
  close(): Promise<void>;
}

/** Whether somebody still waits for an operation. */
export type Cancellation = Pick<AbortSignal, "aborted" | "reason">;

export interface SequencerOptions {
  readonly store: Pick<Store, "transact" | "inProcess">;
  readonly clock: Clock;
  /** Told of each batch that failed, with the failure. */
  readonly onFailure?: (failure: StoreFailure, attempt: number) => void;
  /** Audit rows a batch, at most; one operation may hold more. */
  readonly maxBatchRows?: number;
  /** Bytes of values a batch, at most; one operation may hold more. */
  readonly maxBatchBytes?: number;
  /** Operations that wait, at most. */
  readonly maxWaiting?: number;
}

/** Tells all callers of a batch what became of it. */
type Answer = () => void;

interface Waiter {
  readonly operation: Operation<unknown>;
  readonly signal: Cancellation | undefined;
  readonly resolve: (recorded: Recorded<unknown>) => void;
  readonly reject: (reason: unknown) => void;
}

/** How often a batch is tried before its callers hear UNAVAILABLE; the waits between add up to one or two seconds. */
const maxAttempts = 12;
/** No attempt begins later. The database keeps the lock of a session that went silent a little less long. */
const maxTryingMs = 11_000;
const overloadRetryMs = 100;

/** Group commit: one batch in flight, the next one collecting; no timers, so an idle vault answers at once. */
export function createSequencer(options: SequencerOptions): Sequencer {
  const { store, clock, onFailure, maxBatchRows = 256, maxBatchBytes = 1_048_576, maxWaiting = 4_096 } = options;
  let waiting: Waiter[] = [];
  let running: Promise<void> | undefined;
  let closed = false;

  function submit<T>(operation: Operation<T>, signal?: Cancellation): Promise<Recorded<T>> {
    if (closed) {
      return Promise.reject(new VaultError("STORE_UNAVAILABLE", "the server is stopping"));
    }
    if (waiting.length >= maxWaiting) {
      const message = "too many calls are waiting";
      return Promise.reject(new VaultError("OVERLOADED", message, { retryAfterMs: overloadRetryMs }));
    }
    return new Promise((resolve, reject) => {
      waiting.push({ operation, signal, resolve: resolve as Waiter["resolve"], reject });
      running ??= drain();
    });
  }

  async function drain(): Promise<void> {
    let answerLast: Answer | undefined;
    while (waiting.length > 0) {
      // Whatever arrives in this turn of the event loop shares the batch, and a store that is synchronous stalls nobody.
      if (answerLast === undefined) {
        await new Promise(setImmediate);
      }
      const settling = settle(take());
      // A database in another process works at this batch while the answers of the last one are written.
      answerLast?.();
      answerLast = await settling;
      if (store.inProcess || waiting.length === 0) {
        answerLast();
        answerLast = undefined;
      }
    }
    running = undefined;
  }

  function take(): readonly Waiter[] {
    let rows = 0;
    let bytes = 0;
    let count = 0;
    const taken: Waiter[] = [];
    for (const waiter of waiting) {
      const { weight } = waiter.operation;
      const full = rows + weight.rows > maxBatchRows || bytes + weight.bytes > maxBatchBytes;
      if (full && taken.length > 0) {
        break;
      }
      count++;
      if (waiter.signal?.aborted) {
        waiter.reject(waiter.signal.reason);
        continue;
      }
      rows += weight.rows;
      bytes += weight.bytes;
      taken.push(waiter);
    }
    waiting = waiting.slice(count);
    return taken;
  }

  /** Never rejects. */
  async function settle(batch: readonly Waiter[]): Promise<Answer> {
    if (batch.length === 0) {
      return () => undefined;
    }
    try {
      const settled = await commit(batch.map((waiter) => waiter.operation));
      return () => batch.forEach((waiter, index) => void answer(waiter, settled[index]));
    } catch (error) {
      return () => batch.forEach((waiter) => void waiter.reject(error));
    }
  }

  /** Whoever waits behind a database that is away would wait as long again, and hear the same. */
  function refuseWaiting(failure: StoreFailure): void {
    const behind = waiting;
    waiting = [];
    for (const waiter of behind) {
      waiter.reject(giveUp(failure, false));
    }
  }

  /** Resolves when the batch is durable, tries again where that can help, and never guesses. */
  async function commit(operations: readonly Operation<unknown>[]): Promise<readonly Settled[]> {
    const inDoubt: AppliedBatch[] = [];
    const lastAttemptMs = performance.now() + maxTryingMs;
    for (let attempt = 1; ; attempt++) {
      let applied: AppliedBatch | undefined;
      try {
        const load = loadRequest(operations, momentOf(clock).zeqond, inDoubt);
        await store.transact(load, (loaded) => {
          const committed = inDoubt.find((batch) => isIn(batch, loaded));
          applied = committed ?? applyBatch(operations, loaded, momentOf(clock), load.denialsAfterZeqond);
          return committed ? null : applied.write;
        });
        if (applied === undefined) {
          throw new Error("the store committed without a decision");
        }
        return applied.settled;
      } catch (error) {
        if (!(error instanceof StoreFailure)) {
          throw error;
        }
        onFailure?.(error, attempt);
        if (error.kind === "in_doubt" && applied?.write) {
          inDoubt.push(applied);
        }
        const again = error.kind === "unavailable" ? attempt === 1 || inDoubt.length > 0 : true;
        const isLate = performance.now() > lastAttemptMs;
        if (!again || isLate || attempt >= maxAttempts) {
          if (isLate || error.kind !== "conflict") {
            refuseWaiting(error);
          }
          throw giveUp(error, inDoubt.length > 0);
        }
        await backOff(attempt);
      }
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

function loadRequest(
  operations: readonly Operation<unknown>[],
  nowZeqond: number,
  inDoubt: readonly AppliedBatch[],
): LoadRequest {
  const secrets = new Set<string>();
  const denials = new Set<string>();
  const changes = new Set<string>();
  for (const { needs } of operations) {
    for (const name of needs.secrets) {
      secrets.add(name);
    }
    for (const zid of needs.denials) {
      denials.add(zid);
    }
    needs.changes?.forEach((name) => void changes.add(name));
  }
  const rowHashesAt = inDoubt.flatMap(({ write }) => (write ? [write.to.seq] : []));
  return {
    secrets: [...secrets],
    denials: [...denials],
    denialsAfterZeqond: nowZeqond - lookedAtZeqonds,
    denialsUntilZeqond: nowZeqond + lookedAtZeqonds,
    changes: [...changes],
    rowHashesAt,
  };
}

/** The chain knows whether an attempt whose COMMIT got no answer was committed. */
function isIn({ write }: AppliedBatch, loaded: Loaded): boolean {
  return write !== null && loaded.rowHashes.get(write.to.seq) === write.to.rowHash;
}

function answer(waiter: Waiter, settled: Settled | undefined): void {
  if (settled?.kind === "recorded") {
    waiter.resolve({ value: settled.value, receipts: settled.receipts });
  } else if (settled?.kind === "refused") {
    const last = settled.receipts.at(-1);
    settled.error.receipt = last && receiptText(last);
    waiter.reject(settled.error);
  } else {
    waiter.reject(settled?.error ?? new Error("an operation without an outcome"));
  }
}

function giveUp(failure: StoreFailure, inDoubt: boolean): VaultError {
  const message = inDoubt
    ? "the database went away during the commit and no plaintext was released but the call may have been recorded"
    : "the database is not available and nothing was released";
  return new VaultError("STORE_UNAVAILABLE", message, { cause: failure, retryAfterMs: 1_000 });
}

function backOff(attempt: number): Promise<void> {
  const ceilingMs = Math.min(500, 2 ** attempt);
  return new Promise((resolve) => setTimeout(resolve, ceilingMs * (0.5 + Math.random() / 2)));
}
