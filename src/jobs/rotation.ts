import { type Clock, type Log, momentOf, zeqondMs } from "../base/index.ts";
import type { Sequencer, Store } from "../ledger/index.ts";
import type { Sealer } from "../sealing/index.ts";
import { isDueAt, isSealBroken, rotateIfDue, type Secret, secrets } from "../secrets/index.ts";
import type { Job } from "./loop.ts";
import { Pauses } from "./pauses.ts";

/** How often the daemon looks. */
const intervalZeqonds = 100;

const pageSecrets = 100;

export interface RotationOptions {
  readonly store: Pick<Store, "page">;
  readonly sequencer: Pick<Sequencer, "submit">;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly log: Log;
  /** Between the end of a pass and the next one; 100 Zeqonds unless given. */
  readonly intervalMs?: number;
}

/**
 * Seals every secret afresh whose time has come, and resolves to how many. Whether it still is due is decided under the
 * head lock, so of several replicas one rotates a secret, and the others find nothing to do. One that did not open is
 * left alone for as long as `pauses` says.
 */
export async function rotateDue(options: RotationOptions, signal?: AbortSignal, pauses = newPauses()): Promise<number> {
  const { store, clock } = options;
  const { zeqond, unixMs } = momentOf(clock);
  let rotated = 0;
  let after: readonly string[] | null = null;
  while (!signal?.aborted) {
    const due: readonly Secret[] = await store.page(secrets, { after, where: [isDueAt(zeqond)] }, pageSecrets);
    const names = due.map(({ name }) => name);
    const ready = names.filter((name) => pauses.isOver(name, unixMs));
    rotated += await rotatePage(options, ready, pauses, signal);
    const last = names.at(-1);
    if (last === undefined) {
      break;
    }
    after = [last];
  }
  return rotated;
}

function newPauses(): Pauses {
  return new Pauses(intervalZeqonds * zeqondMs);
}

async function rotatePage(
  { sequencer, sealer, clock, log }: RotationOptions,
  names: readonly string[],
  pauses: Pauses,
  signal: AbortSignal | undefined,
): Promise<number> {
  const outcomes = await Promise.allSettled(names.map((name) => sequencer.submit(rotateIfDue(name, sealer), signal)));
  let rotated = 0;
  for (const [index, outcome] of outcomes.entries()) {
    const name = names[index] ?? "";
    if (outcome.status === "fulfilled") {
      pauses.succeeded(name);
      rotated += outcome.value.value ? 1 : 0;
    } else if (isSealBroken(outcome.reason)) {
      pauses.failed(name, momentOf(clock).unixMs);
      log.error({ code: "SEAL_BROKEN" }, "a secret that is due does not open");
    } else {
      throw outcome.reason;
    }
  }
  return rotated;
}

/** Rotates what is due, once at start and then every 100 Zeqonds. */
export function rotationJob(options: RotationOptions): Job {
  const { log, intervalMs = intervalZeqonds * zeqondMs } = options;
  const pauses = newPauses();
  return {
    name: "rotation",
    intervalMs,
    async run(signal) {
      const count = await rotateDue(options, signal, pauses);
      if (count > 0) {
        log.info({ count }, "secrets rotated");
      }
    },
  };
}
