import { Code } from "@connectrpc/connect";
import type { VaultErrorCode } from "../../base/index.ts";
import { createErrorTranslator, type Status } from "../kernel/index.ts";

export interface ZscStatus extends Status {
  /** `error` of the JSON envelope; null: the error's own message. */
  readonly error: string | null;
  /** Whether the JSON envelope has the message as `detail` when it differs from `error`. */
  readonly showsDetail: boolean;
}

/** The wire status of each error (contract, sections 2 and 3). The code is the `reason` of `google.rpc.ErrorInfo`. */
export const statusTable: Readonly<Record<VaultErrorCode, ZscStatus>> = {
  INVALID_ARGUMENT: { grpc: Code.InvalidArgument, http: 400, error: null, showsDetail: false },
  UNAUTHENTICATED: { grpc: Code.Unauthenticated, http: 401, error: "unauthorized", showsDetail: false },
  FORBIDDEN: { grpc: Code.PermissionDenied, http: 403, error: "forbidden", showsDetail: true },
  DENIED: { grpc: Code.PermissionDenied, http: 403, error: "DENIED", showsDetail: true },
  RATE_LIMITED: { grpc: Code.ResourceExhausted, http: 429, error: "RATE_LIMITED", showsDetail: true },
  NOT_FOUND: { grpc: Code.NotFound, http: 404, error: "NOT_FOUND", showsDetail: false },
  MESSAGE_TOO_LARGE: { grpc: Code.ResourceExhausted, http: 413, error: "request too large", showsDetail: false },
  CONFLICT: { grpc: Code.FailedPrecondition, http: 412, error: "CONFLICT", showsDetail: true },
  // Answers of the other surface only.
  GONE: { grpc: Code.FailedPrecondition, http: 410, error: "GONE", showsDetail: true },
  PRECONDITION_FAILED: { grpc: Code.Aborted, http: 412, error: "PRECONDITION_FAILED", showsDetail: true },
  UNPROCESSABLE: { grpc: Code.InvalidArgument, http: 422, error: "UNPROCESSABLE", showsDetail: true },
  LIMIT_EXCEEDED: { grpc: Code.ResourceExhausted, http: 403, error: "LIMIT_EXCEEDED", showsDetail: true },
  STORE_UNAVAILABLE: { grpc: Code.Unavailable, http: 500, error: "INTERNAL_ERROR", showsDetail: true },
  ISSUER_UNAVAILABLE: { grpc: Code.Unavailable, http: 500, error: "INTERNAL_ERROR", showsDetail: true },
  OVERLOADED: { grpc: Code.Unavailable, http: 500, error: "INTERNAL_ERROR", showsDetail: true },
  SEAL_BROKEN: { grpc: Code.Internal, http: 500, error: "INTERNAL_ERROR", showsDetail: true },
};

export const errorDomain = "zsc.v1";

export const connectErrorOf = createErrorTranslator({ status: statusTable, errorDomain });
