import { Code } from "@connectrpc/connect";
import type { VaultErrorCode } from "../../base/index.ts";
import { createErrorTranslator, type Status } from "../kernel/index.ts";

/** How an error looks on this surface (contract 1claw.md, section 2; D32). */
interface VaultStatus extends Status {
  readonly title: string;
  /** A string that clients compare literally; absent: `about:blank`. */
  readonly type?: string;
  /** What callers are told instead of the error's own message. */
  readonly detail?: string;
  /** Messages that they are told all the same. */
  readonly told?: readonly string[];
}

const unavailable = {
  grpc: Code.Unavailable,
  http: 503,
  title: "Service Unavailable",
  detail: "The vault cannot be reached at the moment",
} as const;

export const vaultStatus: Readonly<Record<VaultErrorCode, VaultStatus>> = {
  INVALID_ARGUMENT: { grpc: Code.InvalidArgument, http: 400, title: "Bad Request" },
  UNAUTHENTICATED: {
    grpc: Code.Unauthenticated,
    http: 401,
    title: "Unauthorized",
    detail: "Invalid or expired token",
    told: ["Invalid credentials"],
  },
  FORBIDDEN: { grpc: Code.PermissionDenied, http: 403, title: "Forbidden" },
  DENIED: { grpc: Code.PermissionDenied, http: 403, title: "Forbidden" },
  RATE_LIMITED: { grpc: Code.ResourceExhausted, http: 429, title: "Too Many Requests" },
  NOT_FOUND: { grpc: Code.NotFound, http: 404, title: "Not Found" },
  MESSAGE_TOO_LARGE: { grpc: Code.ResourceExhausted, http: 413, title: "Payload Too Large" },
  GONE: { grpc: Code.FailedPrecondition, http: 410, title: "Gone" },
  CONFLICT: { grpc: Code.AlreadyExists, http: 409, title: "Conflict" },
  PRECONDITION_FAILED: { grpc: Code.Aborted, http: 412, title: "Precondition Failed" },
  UNPROCESSABLE: { grpc: Code.InvalidArgument, http: 422, title: "Unprocessable Content" },
  LIMIT_EXCEEDED: {
    grpc: Code.ResourceExhausted,
    http: 403,
    title: "Resource Limit Exceeded",
    type: "resource_limit_exceeded",
  },
  STORE_UNAVAILABLE: unavailable,
  ISSUER_UNAVAILABLE: unavailable,
  OVERLOADED: unavailable,
  SEAL_BROKEN: {
    grpc: Code.Internal,
    http: 500,
    title: "Internal Server Error",
    detail: "An unexpected error occurred",
  },
};

export const errorDomain = "vault.v1";

export const connectErrorOf = createErrorTranslator({ status: vaultStatus, errorDomain });
