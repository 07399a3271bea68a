import { setTimeout as sleep } from "node:timers/promises";
import type { Wire } from "./wire.ts";

/** How well the callers of one server are served: when they are answered, and how long nobody is. */
export interface Service {
  /** A wire to the server whose answers count. */
  watch(wire: Wire): Wire;
  /** Begins to measure anew. */
  begin(): void;
  /** Resolves with the next answer of the server that says that a call was recorded. Rejects after a minute. */
  nextAnswer(): Promise<void>;
  /** The longest time without such an answer since `begin`. */
  gapMs(): number;
}

const giveUpAfterMs = 60_000;

export function createService(): Service {
  let answers = 0;
  let lastMs = performance.now();
  let longestMs = 0;
  const note = () => {
    answers += 1;
    longestMs = gapMs();
    lastMs = performance.now();
  };
  const gapMs = () => Math.max(longestMs, performance.now() - lastMs);
  return {
    gapMs: () => Math.round(gapMs()),
    begin() {
      lastMs = performance.now();
      longestMs = 0;
    },
    watch: (wire) => ({
      ...wire,
      async send(call, token) {
        const fates = await wire.send(call, token);
        if (fates.some(({ kind }) => kind === "acknowledged" || kind === "refused")) {
          note();
        }
        return fates;
      },
    }),
    async nextAnswer() {
      const before = answers;
      for (const giveUpAtMs = performance.now() + giveUpAfterMs; answers === before; await sleep(10)) {
        if (performance.now() > giveUpAtMs) {
          throw new Error(`a server has answered nobody for ${giveUpAfterMs} ms`);
        }
      }
    },
  };
}
