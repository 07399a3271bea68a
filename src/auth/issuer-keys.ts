import type { Clock, VaultError } from "../base/index.ts";
import { type KeySet, KeySetProblem } from "./key-set.ts";
import { issuerUnavailable } from "./refusal.ts";

/** Whether the issuer's keys can be fetched. Reported when it changes, and when the reason changes. */
export type IssuerState = { readonly reachable: true } | { readonly reachable: false; readonly reason: string };

export interface HeldKeys {
  readonly set: KeySet;
  /** When a token verified with these keys must be verified again, in milliseconds since the Unix epoch. */
  trustedUntilMs(nowMs: number): number;
}

/** The keys of an external issuer, fetched on demand: one fetch for all waiting calls, 5 s between fetches. */
interface IssuerKeys {
  /** @throws VaultError `ISSUER_UNAVAILABLE` when no keys younger than 10 minutes are held and none can be fetched */
  current(): Promise<HeldKeys>;
  /**
   * Keys newer than `known`, which lack the key that is needed; undefined during the cooldown after a successful fetch.
   *
   * @throws VaultError `ISSUER_UNAVAILABLE` when the keys cannot be fetched
   */
  newerThan(known: HeldKeys): Promise<HeldKeys | undefined>;
}

interface IssuerKeysOptions {
  fetchKeys(): Promise<KeySet>;
  readonly clock: Clock;
  readonly onState?: ((state: IssuerState) => void) | undefined;
}

/** The minimum time between the end of one fetch and the start of the next. */
const cooldownMs = 5_000;
/** Keys of this age are refreshed in the background, so that a short outage of the issuer goes unnoticed. */
const renewAfterMs = 300_000;
const maxAgeMs = 600_000;
/** How long a verification stays cached while the refresh is overdue: the next verification tries the refresh again. */
const unrenewedTrustMs = 30_000;

interface Held extends HeldKeys {
  readonly fetchedAtMs: number;
}

export function createIssuerKeys({ fetchKeys, clock, onState }: IssuerKeysOptions): IssuerKeys {
  let held: Held | undefined;
  let pending: Promise<Held> | undefined;
  let settledAtMs = Number.NEGATIVE_INFINITY;
  /** Why the last fetch failed. */
  let problem: string | undefined;

  function settle(reason: string | undefined): void {
    settledAtMs = clock.nowMs();
    if (reason !== problem) {
      problem = reason;
      onState?.(reason === undefined ? { reachable: true } : { reachable: false, reason });
    }
  }

  async function fetchOnce(): Promise<Held> {
    const startedAtMs = clock.nowMs();
    try {
      held = holding(await fetchKeys(), startedAtMs);
    } catch (error) {
      settle(error instanceof KeySetProblem ? error.message : "for an unknown reason");
      throw unavailable();
    }
    settle(undefined);
    return held;
  }

  const refresh = () => {
    pending ??= fetchOnce().finally(() => {
      pending = undefined;
    });
    return pending;
  };
  const isCoolingDown = () => pending === undefined && isWithin(clock.nowMs() - settledAtMs, cooldownMs);
  const unavailable = (): VaultError => {
    const retryAfterMs = cooldownMs - Math.max(0, clock.nowMs() - settledAtMs);
    return issuerUnavailable(`the issuer's keys are out of reach: ${problem ?? ""}`, retryAfterMs);
  };

  return {
    async current() {
      const ageMs = held === undefined ? Number.POSITIVE_INFINITY : clock.nowMs() - held.fetchedAtMs;
      if (held !== undefined && isWithin(ageMs, maxAgeMs)) {
        if (ageMs >= renewAfterMs && !isCoolingDown()) {
          // `onState` has already reported the failure, and the held keys are still valid.
          refresh().catch(() => undefined);
        }
        return held;
      }
      if (isCoolingDown()) {
        throw unavailable();
      }
      return await refresh();
    },

    async newerThan(known) {
      if (held !== undefined && held !== known) {
        return held;
      }
      if (!isCoolingDown()) {
        return await refresh();
      }
      if (problem !== undefined) {
        throw unavailable();
      }
      return undefined;
    },
  };
}

function holding(set: KeySet, fetchedAtMs: number): Held {
  const renewAtMs = fetchedAtMs + renewAfterMs;
  return {
    set,
    fetchedAtMs,
    trustedUntilMs: (nowMs) =>
      nowMs < renewAtMs ? renewAtMs : Math.min(nowMs + unrenewedTrustMs, fetchedAtMs + maxAgeMs),
  };
}

/** A clock that was set back makes ages negative: the age is then unknown, and the keys are fetched again. */
function isWithin(ageMs: number, boundMs: number): boolean {
  return ageMs >= 0 && ageMs < boundMs;
}
