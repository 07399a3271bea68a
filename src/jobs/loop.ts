import { fieldsOfError, type Log } from "../base/index.ts";

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

/** Runs each job at once, and then at its interval. A pass that fails is logged, and the next one tries again. */
export function startJobs(jobs: readonly Job[], log: Pick<Log, "warn">): RunningJobs {
  const running = jobs.map((job) => startJob(job, log));
  return {
    async stop() {
      await Promise.all(running.map(({ stop }) => stop()));
    },
    async runNow() {
      await Promise.all(running.map(({ runNow }) => runNow()));
    },
  };
}

function startJob({ name, intervalMs, run }: Job, log: Pick<Log, "warn">): RunningJobs {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const pass = async () => {
    try {
      await run(stopping.signal);
    } catch (error) {
      if (!stopping.signal.aborted) {
        log.warn(fieldsOfError(error), `the ${name} pass failed and will be repeated`);
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
