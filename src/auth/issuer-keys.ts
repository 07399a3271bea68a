import type { Clock } from "../domain/clock.ts";
import type { VaultError } from "../domain/errors.ts";
import { type KeySet, KeySetProblem } from "./key-set.ts";
import { issuerUnavailable } from "./refusal.ts";

/** Whether the keys of the issuer can be had: told when that changes, or its reason does. */
export type IssuerState = { readonly reachable: true } | { readonly reachable: false; readonly reason: string };

export interface HeldKeys {
  readonly set: KeySet;
  /** From then on what these keys have verified must be verified again, in milliseconds since the Unix epoch. */
  trustedUntilMs(nowMs: number): number;
}

/** The keys of an external issuer, fetched when they are needed, once for all who wait, and again at most every 5 s. */
export interface IssuerKeys {
  /** @throws VaultError `ISSUER_UNAVAILABLE` when there are none, or they are 10 minutes old and cannot be fetched anew */
  current(): Promise<HeldKeys>;
  /**
   * Other keys than `known`, which do not have the one that is needed; undefined when the issuer was asked just now.
   *
   * @throws VaultError `ISSUER_UNAVAILABLE` when it cannot be asked
   */
  newerThan(known: HeldKeys): Promise<HeldKeys | undefined>;
}

export interface IssuerKeysOptions {
  fetchKeys(): Promise<KeySet>;
  readonly clock: Clock;
  readonly onState?: ((state: IssuerState) => void) | undefined;
}

/** Between the end of one fetch and the beginning of the next. */
const cooldownMs = 5_000;
/** From then on they are fetched again in the background, so that an issuer may be away for a while. */
const renewAfterMs = 300_000;
const maxAgeMs = 600_000;
/** How long a verification counts while keys wait to be renewed: every next one tries again to renew them. */
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
          // Its failure was told to `onState`, and these keys are still good.
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

/** A clock that was set back makes ages negative: then nothing is known, and the issuer is asked. */
function isWithin(ageMs: number, boundMs: number): boolean {
  return ageMs >= 0 && ageMs < boundMs;
}
