import { setTimeout as sleep } from "node:timers/promises";
import type { Store } from "./store.ts";

/** How well the database is. */
export interface Readiness {
  readonly ready: boolean;
  readonly durable: boolean;
  readonly detail?: string;
}

const answersWithinMs = 3_000;
const away: Readiness = { ready: false, durable: false, detail: "the database is not available" };

/**
 * Asks the database for whoever checks the server's health. However many ask, one question is on its way at a time; one
 * without an answer after three seconds counts as a database that is away, so that a check never hangs with it.
 */
export function createReadiness(store: Pick<Store, "ping">): () => Promise<Readiness> {
  let asking: Promise<Readiness> | undefined;
  return () => {
    asking ??= ask(store).finally(() => {
      asking = undefined;
    });
    return orAway(asking);
  };
}

async function ask(store: Pick<Store, "ping">): Promise<Readiness> {
  try {
    return { ready: true, ...(await store.ping()) };
  } catch {
    return away;
  }
}

async function orAway(answer: Promise<Readiness>): Promise<Readiness> {
  const over = new AbortController();
  const late = sleep(answersWithinMs, away, { signal: over.signal, ref: false });
  late.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    over.abort();
  }
}
