import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";

export interface Http2Request {
  readonly kind: "http2";
  readonly header: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What the sender can be told to send; bytes go as they are, on a connection that the server closes. */
export type Asked = Http2Request | { readonly kind: "bytes"; readonly bytes: Uint8Array };

export interface Held {
  /** The longest time in which the thread of the server did nothing but this request. */
  readonly heldMs: number;
  /** What a piece of work that is always the same held the thread, right after: more on a machine that is slow or busy. */
  readonly yardstickMs: number;
  readonly answer: string;
}

/** Asks a server of this very process, from another thread, and measures how long this one is held by it. */
export interface Meter {
  ask(asked: Asked): Promise<Held>;
  close(): Promise<unknown>;
}

const records = JSON.stringify(Array.from({ length: 25_000 }, (_, at) => ({ name: `n${at}`, at, list: ["é"] })));

/** Some 15 to 20 ms on a quiet core of 2024. */
function yardstickMs(): number {
  const startedMs = performance.now();
  JSON.stringify(JSON.parse(records));
  return performance.now() - startedMs;
}

export function openMeter(port: number): Meter {
  const worker = new Worker(`${__dirname}/sender.ts`, { workerData: { port } });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  return {
    async ask(asked) {
      delay.enable();
      await sleep(5);
      delay.reset();
      const before = process.threadCpuUsage();
      worker.postMessage(asked);
      const [answer] = (await once(worker, "message")) as [string];
      await sleep(3);
      const { user, system } = process.threadCpuUsage(before);
      delay.disable();
      // Another process that has the core counts in the one figure and not in the other; many short turns the other way round.
      return { heldMs: Math.min(delay.max / 1e6, (user + system) / 1e3), yardstickMs: yardstickMs(), answer };
    },
    close: () => worker.terminate(),
  };
}
