import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { VaultError, type VaultErrorCode } from "../domain/errors.ts";
import { statusTable } from "./status.ts";

export const receiptHeader = "zsc-receipt";

const errorDomain = "zsc.v1";

/** What the port refuses by itself, before a handler saw the call: ours too, and told as ours. */
const portCodes: ReadonlyMap<Code, VaultErrorCode> = new Map([
  [Code.InvalidArgument, "INVALID_ARGUMENT"],
  [Code.ResourceExhausted, "MESSAGE_TOO_LARGE"],
  [Code.Unavailable, "OVERLOADED"],
]);

/** When to come back to a port that had no room. */
const overloadedForMs = 1_000;

/** What an error of the port is called, unless it says all by itself. */
function portCodeOf(error: ConnectError): VaultErrorCode | undefined {
  const isComplete = error.cause instanceof VaultError || error.details.length > 0;
  return isComplete ? undefined : portCodes.get(error.code);
}

/** A failure as the protocols carry it. Whatever is not a `VaultError` is a bug, and says no more than that. */
export function connectErrorOf(error: unknown): ConnectError {
  if (error instanceof ConnectError) {
    const code = portCodeOf(error);
    const options = code === "OVERLOADED" ? { retryAfterMs: overloadedForMs } : {};
    return code === undefined ? error : connectErrorOf(new VaultError(code, error.rawMessage, options));
  }
  if (!(error instanceof VaultError)) {
    return new ConnectError("internal error", Code.Internal, undefined, [], error);
  }
  const info = create(ErrorInfoSchema, { reason: error.code, domain: errorDomain });
  const details = [{ desc: ErrorInfoSchema, value: info }];
  const retry = retryInfoOf(error.retryAfterMs);
  const metadata = new Headers(error.receipt === undefined ? {} : { [receiptHeader]: error.receipt });
  return new ConnectError(
    error.message,
    statusTable[error.code].grpc,
    metadata,
    retry === undefined ? details : [...details, { desc: RetryInfoSchema, value: retry }],
    error,
  );
}

/** What the caller was told, as a word for the log. */
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
