import type { Clock, Log } from "../base/index.ts";
import type { NewestRow } from "./store.ts";

/** Detects a wrong system clock. Zeqonds, expiries and the denial limiter depend on it. */
export interface ClockWatch {
  /** Compares the system clock with the monotonic clock and with the newest row of the log. */
  look(newest: NewestRow | undefined): void;
  /** The problem found within the last minute, if any. */
  trouble(): string | undefined;
}

const toleranceMs = 60_000;
const shownMs = 60_000;

type Kind = "jump" | "ahead" | "behind";

export function watchClock(
  clock: Clock,
  log: Pick<Log, "info" | "warn">,
  steadyMs = () => performance.now(),
): ClockWatch {
  let offsetMs = clock.nowMs() - steadyMs();
  let before: { readonly seq: number; readonly atMs: number } | undefined;
  let current: { readonly kind: Kind; readonly sentence: string; readonly untilMs: number } | undefined;

  const warn = (kind: Kind, sentence: string) => {
    if (current?.kind !== kind) {
      log.warn({ reason: sentence }, "the clock is not to be trusted");
    }
    current = { kind, sentence, untilMs: steadyMs() + shownMs };
  };

  function lookForJump(nowMs: number): void {
    const jumpMs = nowMs - steadyMs() - offsetMs;
    offsetMs += jumpMs;
    if (Math.abs(jumpMs) > toleranceMs) {
      before = undefined;
      warn("jump", `the server's clock jumped by ${seconds(jumpMs)}`);
    }
  }

  /** An old timestamp is suspicious only in a row written since the last comparison. */
  function compare({ seq, createdAt }: NewestRow, nowMs: number): void {
    const writtenMs = Date.parse(createdAt);
    if (writtenMs - nowMs > toleranceMs) {
      warn("ahead", `the newest row of the log is ${seconds(writtenMs - nowMs)} ahead of the server's clock`);
    } else if (before !== undefined && seq > before.seq && before.atMs - writtenMs > toleranceMs) {
      warn("behind", `the newest row of the log is ${seconds(before.atMs - writtenMs)} behind the server's clock`);
    }
    before = { seq, atMs: nowMs };
  }

  return {
    look(newest) {
      const nowMs = clock.nowMs();
      lookForJump(nowMs);
      if (newest !== undefined) {
        compare(newest, nowMs);
      }
      if (current !== undefined && steadyMs() > current.untilMs) {
        current = undefined;
        log.info({}, "nothing is wrong with the clock any more");
      }
    },
    trouble: () => current?.sentence,
  };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
