import { VaultError, type VaultErrorCode } from "../base/index.ts";
import type { Sequencer } from "../ledger/index.ts";

/**
 * As what a call can fail: the reasons of docs/errors.md.
 *
 * @example
 *     const reasons: readonly FailureReason[] = ["STORE_UNAVAILABLE", "RATE_LIMITED"];
 */
export type FailureReason = VaultErrorCode;

/**
 * How the calls fail.
 *
 * @example
 *     vault.failNext("STORE_UNAVAILABLE", { times: 3 } satisfies FailNextOptions);
 */
export interface FailNextOptions {
  /** How many calls fail; 1 unless given. A client that tries again takes one for each attempt. */
  readonly times?: number | undefined;
  /** What the vault asks to wait; of RATE_LIMITED and OVERLOADED as the vault itself asks, unless given. */
  readonly retryAfterMs?: number | undefined;
}

/** Fails calls on their way to the ledger: they leave no row. */
export interface Failures {
  failNext(reason: FailureReason, options?: FailNextOptions): void;
  /** @param exempt the principal whose calls are never failed */
  before(sequencer: Sequencer, exempt: string): Sequencer;
}

interface Planned {
  readonly reason: FailureReason;
  readonly retryAfterMs: number | undefined;
}

/** As the ledger and the gate have it. */
const usualRetryMs: Partial<Record<FailureReason, number>> = { RATE_LIMITED: 46_620, OVERLOADED: 100 };

const messages: Readonly<Record<FailureReason, string>> = {
  INVALID_ARGUMENT: "invalid argument",
  UNAUTHENTICATED: "unauthenticated",
  FORBIDDEN: "forbidden",
  DENIED: "denied",
  RATE_LIMITED: "rate limited",
  NOT_FOUND: "no such secret",
  MESSAGE_TOO_LARGE: "the answer would be too large",
  GONE: "gone",
  CONFLICT: "conflict",
  PRECONDITION_FAILED: "precondition failed",
  UNPROCESSABLE: "unprocessable",
  LIMIT_EXCEEDED: "limit exceeded",
  STORE_UNAVAILABLE: "the database is away",
  ISSUER_UNAVAILABLE: "the keys of the issuer are out of reach",
  OVERLOADED: "too many calls are waiting",
  SEAL_BROKEN: "the sealed value does not open",
};

export function createFailures(): Failures {
  const planned: Planned[] = [];
  return {
    failNext(reason, { times = 1, retryAfterMs = usualRetryMs[reason] } = {}) {
      if (!Object.hasOwn(messages, reason)) {
        throw new TypeError("failNext takes a reason of docs/errors.md");
      }
      for (let time = 0; time < times; time++) {
        planned.push({ reason, retryAfterMs });
      }
    },
    before: (sequencer, exempt) => ({
      submit(operation, signal, principal) {
        const next = principal === exempt ? undefined : planned.shift();
        return next === undefined ? sequencer.submit(operation, signal, principal) : Promise.reject(errorOf(next));
      },
      close: () => sequencer.close(),
    }),
  };
}

function errorOf({ reason, retryAfterMs }: Planned): VaultError {
  return new VaultError(reason, messages[reason], retryAfterMs === undefined ? {} : { retryAfterMs });
}
