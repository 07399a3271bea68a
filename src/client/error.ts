/**
 * Why a call failed. Those that a vault says are the reasons of docs/errors.md; the last four are of calls that came to no
 * vault, or back from none:
 *
 * - `UNAVAILABLE`: no vault answers at that URL, or the connection was lost.
 * - `DEADLINE_EXCEEDED`: no answer within `timeoutMs`. A write may have happened.
 * - `CANCELLED`: the signal of the call was aborted.
 * - `INTERNAL`: a fault of the vault, whose log says more; or what answers is no vault.
 *
 * @example
 *     const codes: readonly ZscErrorCode[] = ["DENIED", "RATE_LIMITED"];
 */
export type ZscErrorCode =
  | "INVALID_ARGUMENT"
  | "UNAUTHENTICATED"
  | "FORBIDDEN"
  | "DENIED"
  | "RATE_LIMITED"
  | "NOT_FOUND"
  | "CONFLICT"
  | "MESSAGE_TOO_LARGE"
  | "STORE_UNAVAILABLE"
  | "ISSUER_UNAVAILABLE"
  | "OVERLOADED"
  | "SEAL_BROKEN"
  | "UNAVAILABLE"
  | "DEADLINE_EXCEEDED"
  | "CANCELLED"
  | "INTERNAL";

interface ZscErrorOptions {
  readonly cause?: unknown;
  readonly retryAfterMs?: number | undefined;
  readonly receipt?: string | undefined;
  readonly failures?: ReadonlyMap<string, ZscError>;
}

/**
 * Every way in which a call of the client fails. Neither its message nor anything else of it holds a token or a value.
 *
 * @example
 *     try {
 *       await vault.read("db-password");
 *     } catch (error) {
 *       if (error instanceof ZscError && error.code === "DENIED") {
 *         console.error(`ask an admin for a grant; the refusal is row ${error.receipt}`);
 *       }
 *     }
 */
export class ZscError extends Error {
  override readonly name = "ZscError";
  readonly code: ZscErrorCode;
  /** How long to wait before another try, where the vault says so. */
  declare readonly retryAfterMs?: number;
  /** The audit row that records the refusal: `<seq>.<row_hash>`. Absent when there is none. */
  declare readonly receipt?: string;
  /** Of `readAll`: every name that could not be read. */
  declare readonly failures?: ReadonlyMap<string, ZscError>;

  constructor(code: ZscErrorCode, message: string, options: ZscErrorOptions = {}) {
    const { cause, retryAfterMs, receipt, failures } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    if (retryAfterMs !== undefined) {
      this.retryAfterMs = retryAfterMs;
    }
    if (receipt !== undefined) {
      this.receipt = receipt;
    }
    if (failures !== undefined) {
      this.failures = failures;
    }
  }
}
