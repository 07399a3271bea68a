import { isNativeError } from "node:util/types";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, type RetryInfo, RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import type { Status } from "#gen/google/rpc/status_pb.js";
import type { Receipt } from "#gen/zsc/v1/receipt_pb.js";
import { ZscError, type ZscErrorCode } from "./error.ts";

const errorDomain = "zsc.v1";
const receiptHeader = "zsc-receipt";

/** What a vault says, and in which words. */
const reasons: Readonly<Record<ZscErrorCode, boolean>> = {
  INVALID_ARGUMENT: true,
  UNAUTHENTICATED: true,
  FORBIDDEN: true,
  DENIED: true,
  RATE_LIMITED: true,
  NOT_FOUND: true,
  CONFLICT: true,
  MESSAGE_TOO_LARGE: true,
  STORE_UNAVAILABLE: true,
  ISSUER_UNAVAILABLE: true,
  OVERLOADED: true,
  SEAL_BROKEN: true,
  UNAVAILABLE: false,
  DEADLINE_EXCEEDED: false,
  CANCELLED: false,
  INTERNAL: false,
};

/** What an error without a reason is. A NOT_FOUND that no vault has said is not that of a secret. */
const codes: Readonly<Record<Code, ZscErrorCode>> = {
  [Code.Canceled]: "CANCELLED",
  [Code.DeadlineExceeded]: "DEADLINE_EXCEEDED",
  [Code.Unavailable]: "UNAVAILABLE",
  [Code.Unauthenticated]: "UNAUTHENTICATED",
  [Code.PermissionDenied]: "FORBIDDEN",
  [Code.InvalidArgument]: "INVALID_ARGUMENT",
  [Code.OutOfRange]: "INVALID_ARGUMENT",
  // The library says so of an answer that is too large.
  [Code.ResourceExhausted]: "MESSAGE_TOO_LARGE",
  // The connection was lost on the way.
  [Code.Aborted]: "UNAVAILABLE",
  [Code.NotFound]: "INTERNAL",
  [Code.Unknown]: "INTERNAL",
  [Code.AlreadyExists]: "INTERNAL",
  [Code.FailedPrecondition]: "INTERNAL",
  [Code.Unimplemented]: "INTERNAL",
  [Code.Internal]: "INTERNAL",
  [Code.DataLoss]: "INTERNAL",
};

/** The one translator of the library's errors. */
export function toZscError(error: unknown): ZscError {
  if (error instanceof ZscError) {
    return error;
  }
  const connected = ConnectError.from(error);
  if (connected.cause instanceof ZscError) {
    // The library wraps what an interceptor throws.
    return connected.cause;
  }
  const reason = reasonIn(connected.findDetails(ErrorInfoSchema));
  const code = reason ?? codes[connected.code];
  const options = {
    retryAfterMs: retryAfterMsOf(connected),
    receipt: connected.metadata.get(receiptHeader) ?? undefined,
  };
  return isQuotable(connected)
    ? new ZscError(code, connected.rawMessage || code, { ...options, cause: connected })
    : new ZscError(code, "the call could not be made", options);
}

/** The refusal of one name among many. */
export function itemError({ code, message, details }: Status): ZscError {
  const infos = details.flatMap((detail) => anyUnpack(detail, ErrorInfoSchema) ?? []);
  const [retry] = details.flatMap((detail) => anyUnpack(detail, RetryInfoSchema) ?? []);
  return new ZscError(reasonIn(infos) ?? codes[code as Code] ?? "INTERNAL", message, {
    retryAfterMs: retry && milliseconds(retry),
  });
}

/** The row that vouches for a read. */
export function receiptText(receipt: Receipt | undefined): string | undefined {
  return receipt && `${receipt.seq}.${receipt.rowHash}`;
}

/** How long the server asks to wait. */
export function retryAfterMsOf(error: ConnectError): number | undefined {
  const [retry] = error.findDetails(RetryInfoSchema);
  return retry && milliseconds(retry);
}

function milliseconds({ retryDelay }: RetryInfo): number | undefined {
  return retryDelay && Number(retryDelay.seconds) * 1_000 + Math.ceil(retryDelay.nanos / 1_000_000);
}

function reasonIn(infos: readonly { readonly domain: string; readonly reason: string }[]): ZscErrorCode | undefined {
  const reason = infos.find(({ domain }) => domain === errorDomain)?.reason;
  return reason !== undefined && isReason(reason) ? reason : undefined;
}

function isReason(text: string): text is ZscErrorCode {
  return Object.hasOwn(reasons, text) && reasons[text as ZscErrorCode];
}

/**
 * Whether the text is a server's, the library's or the system's own. What else fails may quote what it was given. Errors of
 * the system are of another realm than a test runner's, so `instanceof Error` does not know them.
 */
function isQuotable({ cause }: ConnectError): boolean {
  for (let each = cause; each !== undefined; each = each.cause) {
    if (!(each instanceof ConnectError || isNativeError(each))) {
      return false;
    }
    if (!(each instanceof ConnectError) && typeof (each as { readonly code?: unknown }).code !== "string") {
      return each.name === "AbortError" || each.name === "TimeoutError";
    }
  }
  return true;
}
