/** Every way in which a call can fail, as callers see it. A closed set: the status table of each surface covers all of it. */
export type VaultErrorCode =
  | "INVALID_ARGUMENT"
  | "UNAUTHENTICATED"
  | "FORBIDDEN"
  | "DENIED"
  | "RATE_LIMITED"
  | "NOT_FOUND"
  | "MESSAGE_TOO_LARGE"
  /** It was there, and is not to be had any more. */
  | "GONE"
  | "CONFLICT"
  | "PRECONDITION_FAILED"
  /** The request contradicts one that had the same idempotency key. */
  | "UNPROCESSABLE"
  /** There are as many of them as there may be. */
  | "LIMIT_EXCEEDED"
  | "STORE_UNAVAILABLE"
  | "ISSUER_UNAVAILABLE"
  | "OVERLOADED"
  | "SEAL_BROKEN";

interface VaultErrorOptions {
  /** For the logs only; never shown to a caller. */
  readonly cause?: unknown;
  /** How long the caller should wait before a retry, in milliseconds. */
  readonly retryAfterMs?: number;
}

/**
 * A failure that callers may see. `message` is safe to show: it holds no request data, no SQL and no key.
 * Any other exception is a bug, and callers see it as "internal".
 */
export class VaultError extends Error {
  override readonly name = "VaultError";
  readonly code: VaultErrorCode;
  readonly retryAfterMs: number | undefined;
  /** The audit row that records the refusal: `<seq>.<row_hash>`. Set by the ledger once the row is durable. */
  receipt: string | undefined;

  constructor(code: VaultErrorCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}
