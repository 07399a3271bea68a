/** A status with many followers: it is polled once per interval for all of them. */
interface StatusBoard<T> {
  /** The current status. Concurrent calls share one query. */
  look(): Promise<T>;
  /** Yields the current status, and each change of it, until `signal` is aborted. */
  follow(signal: AbortSignal): AsyncIterable<T>;
}

export function createStatusBoard<T>(ask: () => Promise<T>, intervalMs: number): StatusBoard<T> {
  const followers = new Set<() => void>();
  let asking: Promise<T> | undefined;
  let ticker: NodeJS.Timeout | undefined;
  let latest: T | undefined;

  const look = () => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
  const tick = async () => {
    const now = await look();
    if (now !== latest) {
      latest = now;
      for (const wake of followers) {
        wake();
      }
    }
  };
  /** Resolves when the status has changed, or `signal` is aborted. */
  const change = (signal: AbortSignal, seen: T) =>
    new Promise<void>((resolve) => {
      const wake = () => {
        followers.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      followers.add(wake);
      signal.addEventListener("abort", wake, { once: true });
      if (signal.aborted || latest !== seen) {
        wake();
      }
    });

  let count = 0;
  const enter = () => {
    count += 1;
    ticker ??= setInterval(() => void tick(), intervalMs).unref();
  };
  const leave = () => {
    count -= 1;
    if (count === 0) {
      clearInterval(ticker);
      ticker = latest = undefined;
    }
  };
  return {
    look,
    async *follow(signal) {
      enter();
      try {
        latest ??= await look();
        for (let last: T | undefined; !signal.aborted; ) {
          const now: T = latest;
          if (now !== last) {
            last = now;
            yield now;
          }
          await change(signal, now);
        }
      } finally {
        leave();
      }
    },
  };
}
