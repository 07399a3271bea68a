import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { VaultError, type VaultErrorCode } from "../../base/index.ts";
import type { Surface } from "./surface.ts";

export const receiptHeader = "zsc-receipt";

/** Codes for calls that the transport refuses before a handler runs. They are reported as VaultErrors. */
const portCodes: ReadonlyMap<Code, VaultErrorCode> = new Map([
  [Code.InvalidArgument, "INVALID_ARGUMENT"],
  [Code.ResourceExhausted, "MESSAGE_TOO_LARGE"],
  [Code.Unavailable, "OVERLOADED"],
]);

/** Retry delay for a call that the transport refused as overloaded. */
const overloadedForMs = 1_000;

/** The VaultError code for an error of the transport; undefined when the error is already complete. */
function portCodeOf(error: ConnectError): VaultErrorCode | undefined {
  const isComplete = error.cause instanceof VaultError || error.details.length > 0;
  return isComplete ? undefined : portCodes.get(error.code);
}

/** Converts an error to a ConnectError. Any error other than a VaultError is a bug and becomes "internal error". */
export type ErrorTranslator = (error: unknown) => ConnectError;

/** The translator of a surface. */
export function createErrorTranslator(surface: Pick<Surface, "status" | "errorDomain">): ErrorTranslator {
  const translate: ErrorTranslator = (error) => {
    if (error instanceof ConnectError) {
      const code = portCodeOf(error);
      const options = code === "OVERLOADED" ? { retryAfterMs: overloadedForMs } : {};
      return code === undefined ? error : translate(new VaultError(code, error.rawMessage, options));
    }
    return error instanceof VaultError
      ? connectErrorOf(error, surface)
      : new ConnectError("internal error", Code.Internal, undefined, [], error);
  };
  return translate;
}

function connectErrorOf(
  error: VaultError,
  { status, errorDomain }: Pick<Surface, "status" | "errorDomain">,
): ConnectError {
  const info = create(ErrorInfoSchema, { reason: error.code, domain: errorDomain });
  const details = [{ desc: ErrorInfoSchema, value: info }];
  const retry = retryInfoOf(error.retryAfterMs);
  const metadata = new Headers(error.receipt === undefined ? {} : { [receiptHeader]: error.receipt });
  return new ConnectError(
    error.message,
    status[error.code].grpc,
    metadata,
    retry === undefined ? details : [...details, { desc: RetryInfoSchema, value: retry }],
    error,
  );
}

/** The error code for the log. */
export function codeOf(reason: unknown, code: Code): string {
  const cause = reason instanceof ConnectError ? reason.cause : reason;
  if (cause instanceof VaultError) {
    return cause.code;
  }
  const name = reason instanceof ConnectError ? portCodeOf(reason) : portCodes.get(code);
  return name ?? Code[code] ?? "Unknown";
}

function retryInfoOf(retryAfterMs: number | undefined) {
  if (retryAfterMs === undefined) {
    return undefined;
  }
  const seconds = BigInt(Math.floor(retryAfterMs / 1_000));
  const nanos = Math.floor(retryAfterMs % 1_000) * 1_000_000;
  return create(RetryInfoSchema, { retryDelay: { seconds, nanos } });
}
