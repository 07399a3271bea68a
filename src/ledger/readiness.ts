import { setTimeout as sleep } from "node:timers/promises";
import { type Durability, errorCode, type Log, type Readiness } from "../base/index.ts";
import type { BatchWatch } from "./batch-watch.ts";
import type { ClockWatch } from "./clock-watch.ts";
import { type Store, StoreFailure, type Trouble } from "./store.ts";

interface ReadinessOptions {
  readonly store: Pick<Store, "ping" | "rehearse">;
  readonly batches: Omit<BatchWatch, "transact">;
  readonly clock: ClockWatch;
  readonly log: Pick<Log, "info" | "warn">;
}

export interface ReadinessCheck {
  /** Never rejects, and resolves within two seconds. */
  ask(): Promise<Readiness>;
  stop(): void;
}

/** Timeout of a readiness check, and the longest time that a batch may take while the vault is ready. */
const patienceMs = 2_000;
/** How long the result of a rehearsal is reused. */
const freshMs = 1_000;
const pingWithinMs = 1_000;
const retryMs = 50;
/** The server checks itself at this interval, so that its log shows an outage even without a health check. */
const askItselfMs = 5_000;

const sentences: Readonly<Record<Trouble, string>> = {
  away: "the database is not available",
  locked: "the head of the log is locked by another session of the database",
  read_only: "the database is read-only",
  full: "the disk of the database is full",
  denied: "the database denies the server a right that it needs",
  moved: "the database file was removed or replaced",
};

const slow = "the database has been at one batch for more than two seconds";

/**
 * Checks readiness: rehearses a batch, and looks at the one in flight. Rehearsals are at least a second apart, unless a
 * batch or a ping has failed since the last one.
 */
export function createReadiness({ store, batches, clock, log }: ReadinessOptions): ReadinessCheck {
  let rehearsal: Promise<Durability> | undefined;
  let asking: Promise<Readiness> | undefined;
  let last: Readiness | undefined;
  let rehearsedAtMs = Number.NEGATIVE_INFINITY;
  let stopped = false;

  async function ask(): Promise<Readiness> {
    if (batches.underWayMs() > patienceMs) {
      return tell(notReady(slow));
    }
    const isFresh = performance.now() - rehearsedAtMs < freshMs;
    if (isFresh && last?.ready === false) {
      return last;
    }
    asking ??= (isFresh && !batches.hasFailed() ? stillThere() : findOut(patienceMs))
      .then(({ answer, cause }) => tell(answer, cause))
      .finally(() => {
        asking = undefined;
      });
    return await asking;
  }

  /** A ping between rehearsals. When it fails, a rehearsal finds out why. */
  async function stillThere(): Promise<Found> {
    const durability = await inTime(store.ping(), pingWithinMs).catch(() => undefined);
    return durability === undefined
      ? await findOut(patienceMs - pingWithinMs)
      : { answer: { ready: true, ...durability } };
  }

  async function findOut(withinMs: number): Promise<Found> {
    const outcome = await rehearseWithin(withinMs).finally(() => {
      rehearsedAtMs = performance.now();
    });
    if (outcome.durability !== undefined) {
      return { answer: { ready: true, ...outcome.durability } };
    }
    const { failure } = outcome;
    // Repeated conflicts mean that other servers are writing, which is fine as long as our own batches succeed.
    if (isConflict(failure) && batches.sinceSuccessMs() < patienceMs) {
      return { answer: { ready: true, durable: last?.durable ?? true } };
    }
    const detail = sentences[failure instanceof StoreFailure ? failure.trouble : "away"];
    return { answer: notReady(detail), cause: failure };
  }

  /** Retries conflicts, and retries any other failure once: a pooled connection may have been closed while idle. */
  async function rehearseWithin(ms: number): Promise<{ readonly durability?: Durability; readonly failure?: unknown }> {
    const giveUpAtMs = performance.now() + ms;
    let failure: unknown;
    for (let attempt = 1, leftMs = ms; leftMs > 0; attempt++, leftMs = giveUpAtMs - performance.now()) {
      try {
        const durability = await inTime(rehearse(), leftMs);
        if (durability !== undefined) {
          return { durability };
        }
      } catch (error) {
        failure = error;
        if (!isConflict(error) && attempt > 1) {
          break;
        }
        await sleep(retryMs, undefined, { ref: false });
      }
    }
    return { failure };
  }

  /** Runs one rehearsal at a time, so that hanging ones do not pile up. */
  function rehearse(): Promise<Durability> {
    const commit = batches.hasFailed();
    rehearsal ??= store
      .rehearse(commit)
      .then(({ newest, ...durability }) => {
        clock.look(newest);
        if (commit) {
          batches.absolve();
        }
        return durability;
      })
      .finally(() => {
        rehearsal = undefined;
      });
    return rehearsal;
  }

  function tell(found: Readiness, cause?: unknown): Readiness {
    const trouble = clock.trouble();
    const answer = trouble === undefined ? found : { ...found, clock: trouble };
    const wasReady = last?.ready ?? true;
    last = answer;
    if (!stopped && wasReady !== answer.ready) {
      logChange(answer, cause);
    }
    return answer;
  }

  function logChange({ ready, detail = "" }: Readiness, cause: unknown): void {
    if (ready) {
      log.info({}, "ready again");
      return;
    }
    const code = errorCode(cause instanceof StoreFailure ? cause.cause : cause);
    log.warn({ reason: detail, ...(code === undefined ? {} : { code }) }, "not ready");
  }

  const itself = setInterval(() => void ask(), askItselfMs).unref();
  return {
    ask,
    stop() {
      stopped = true;
      clearInterval(itself);
    },
  };
}

interface Found {
  readonly answer: Readiness;
  readonly cause?: unknown;
}

function notReady(detail: string): Readiness {
  return { ready: false, durable: false, detail };
}

function isConflict(error: unknown): boolean {
  return error instanceof StoreFailure && error.kind === "conflict";
}

/** Undefined on timeout. */
async function inTime<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  const over = new AbortController();
  const late = sleep(ms, undefined, { signal: over.signal, ref: false }).catch(() => undefined);
  work.catch(() => undefined);
  return await Promise.race([work, late]).finally(() => over.abort());
}
