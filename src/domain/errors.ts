/** Every way in which a call can fail, as callers see it. Closed: the status table of `rpc/` has a row for each. */
export type VaultErrorCode =
  | "INVALID_ARGUMENT"
  | "UNAUTHENTICATED"
  | "FORBIDDEN"
  | "DENIED"
  | "RATE_LIMITED"
  | "NOT_FOUND"
  | "MESSAGE_TOO_LARGE"
  | "STORE_UNAVAILABLE"
  | "ISSUER_UNAVAILABLE"
  | "OVERLOADED"
  | "SEAL_BROKEN";

export interface VaultErrorOptions {
  /** For the logs only; never shown to a caller. */
  readonly cause?: unknown;
  /** When trying again can help, in milliseconds from now. */
  readonly retryAfterMs?: number;
}

/**
 * A failure that callers may see. `message` is safe for them: it holds nothing of what was sent, no SQL, no key.
 * Anything else that is thrown is a bug, and reaches callers as "internal".
 */
export class VaultError extends Error {
  override readonly name = "VaultError";
  readonly code: VaultErrorCode;
  readonly retryAfterMs: number | undefined;
  /** Where the refusal was recorded: `<seq>.<row_hash>`. Set by the ledger once the row is durable. */
  receipt: string | undefined;

  constructor(code: VaultErrorCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}
