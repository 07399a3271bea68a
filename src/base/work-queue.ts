import { VaultError } from "./errors.ts";

interface WorkQueueOptions {
  /** How much of it is done at a time. */
  readonly atOnce: number;
  /** How much may wait; beyond it, work is refused. */
  readonly waiting: number;
  /** When who is refused should come again, milliseconds. */
  readonly retryAfterMs: number;
  /** What he is told. */
  readonly message: string;
}

/** Does costly work, some at a time, in the order in which it came. */
export interface WorkQueue {
  /** @throws VaultError `OVERLOADED` when too much waits */
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createWorkQueue({ atOnce, waiting, retryAfterMs, message }: WorkQueueOptions): WorkQueue {
  const queue: (() => void)[] = [];
  let running = 0;
  const turn = (): Promise<void> => {
    if (running < atOnce) {
      running += 1;
      return Promise.resolve();
    }
    if (queue.length >= waiting) {
      throw new VaultError("OVERLOADED", message, { retryAfterMs });
    }
    return new Promise((resolve) => queue.push(resolve));
  };
  const next = () => {
    const following = queue.shift();
    if (following === undefined) {
      running -= 1;
    } else {
      following();
    }
  };
  return {
    async run(work) {
      await turn();
      try {
        return await work();
      } finally {
        next();
      }
    },
  };
}
