import { fieldsOfError, type Log, VaultError } from "../base/index.ts";
import { StoreFailure } from "../ledger/index.ts";

/** What runs by itself, again and again. */
export interface Job {
  /** For the log. */
  readonly name: string;
  /** Between the end of a pass and the next one. */
  readonly intervalMs: number;
  /** One pass. `signal` is aborted when the server stops: what is under way is finished, and nothing more begun. */
  run(signal: AbortSignal): Promise<void>;
}

export interface RunningJobs {
  /** Resolves when the passes that are under way are over. */
  stop(): Promise<void>;
  /** A pass of each job at once, in place of the next one. */
  runNow(): Promise<void>;
}

/**
 * Runs each job at once, and then at its interval. A pass that fails is logged, and the next one tries again. While the database is
 * away, there is one line when the first job meets it, and one when all of them run again.
 */
export function startJobs(jobs: readonly Job[], log: Pick<Log, "info" | "warn">): RunningJobs {
  const failures = createFailureLog(log);
  const running = jobs.map((job) => startJob(job, failures));
  return {
    async stop() {
      await Promise.all(running.map(({ stop }) => stop()));
    },
    async runNow() {
      await Promise.all(running.map(({ runNow }) => runNow()));
    },
  };
}

interface FailureLog {
  failed(job: string, error: unknown): void;
  succeeded(job: string): void;
}

function createFailureLog(log: Pick<Log, "info" | "warn">): FailureLog {
  const waiting = new Set<string>();
  return {
    failed(job, error) {
      const outage = outageIn(error);
      if (outage === undefined) {
        log.warn(fieldsOfError(error), `the ${job} pass failed and will be repeated`);
        return;
      }
      if (waiting.size === 0) {
        log.warn({ reason: outage.message }, `the ${job} pass waits for the database`);
      }
      waiting.add(job);
    },
    succeeded(job) {
      if (waiting.delete(job) && waiting.size === 0) {
        log.info({}, `the ${job} pass runs again`);
      }
    },
  };
}

/** What the database failed with; undefined for any other error. */
function outageIn(error: unknown): StoreFailure | undefined {
  const failure = error instanceof VaultError && error.code === "STORE_UNAVAILABLE" ? error.cause : error;
  return failure instanceof StoreFailure ? failure : undefined;
}

function startJob({ name, intervalMs, run }: Job, failures: FailureLog): RunningJobs {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const pass = async () => {
    try {
      await run(stopping.signal);
      if (!stopping.signal.aborted) {
        failures.succeeded(name);
      }
    } catch (error) {
      if (!stopping.signal.aborted) {
        failures.failed(name, error);
      }
    }
    if (!stopping.signal.aborted) {
      timer = setTimeout(start, intervalMs).unref();
    }
  };
  let underWay = Promise.resolve();
  const start = () => {
    underWay = pass();
  };
  start();
  return {
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await underWay;
    },
    async runNow() {
      await underWay;
      clearTimeout(timer);
      if (!stopping.signal.aborted) {
        start();
      }
      await underWay;
    },
  };
}
