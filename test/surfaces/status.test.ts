import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { VaultError, type VaultErrorCode } from "../../src/base/errors.ts";
import { codeOf } from "../../src/surfaces/kernel/errors.ts";
import { failureOf } from "../../src/surfaces/zsc/json-surface.ts";
import { connectErrorOf } from "../../src/surfaces/zsc/status.ts";
import { crowded } from "../../src/transport/http/places.ts";

interface Wire {
  readonly grpc: Code;
  readonly http: number;
  readonly error: string;
  readonly detail?: string;
}

const message = "what callers hear";
const withDetail = { detail: message };

/** The tables of the contract, sections 2 and 3, once more. */
const wires: Readonly<Record<VaultErrorCode, Wire>> = {
  INVALID_ARGUMENT: { grpc: Code.InvalidArgument, http: 400, error: message },
  UNAUTHENTICATED: { grpc: Code.Unauthenticated, http: 401, error: "unauthorized" },
  FORBIDDEN: { grpc: Code.PermissionDenied, http: 403, error: "forbidden", ...withDetail },
  DENIED: { grpc: Code.PermissionDenied, http: 403, error: "DENIED", ...withDetail },
  RATE_LIMITED: { grpc: Code.ResourceExhausted, http: 429, error: "RATE_LIMITED", ...withDetail },
  NOT_FOUND: { grpc: Code.NotFound, http: 404, error: "NOT_FOUND" },
  MESSAGE_TOO_LARGE: { grpc: Code.ResourceExhausted, http: 413, error: "request too large" },
  GONE: { grpc: Code.FailedPrecondition, http: 410, error: "GONE", ...withDetail },
  CONFLICT: { grpc: Code.FailedPrecondition, http: 412, error: "CONFLICT", ...withDetail },
  PRECONDITION_FAILED: { grpc: Code.Aborted, http: 412, error: "PRECONDITION_FAILED", ...withDetail },
  UNPROCESSABLE: { grpc: Code.InvalidArgument, http: 422, error: "UNPROCESSABLE", ...withDetail },
  LIMIT_EXCEEDED: { grpc: Code.ResourceExhausted, http: 403, error: "LIMIT_EXCEEDED", ...withDetail },
  STORE_UNAVAILABLE: { grpc: Code.Unavailable, http: 500, error: "INTERNAL_ERROR", ...withDetail },
  ISSUER_UNAVAILABLE: { grpc: Code.Unavailable, http: 500, error: "INTERNAL_ERROR", ...withDetail },
  OVERLOADED: { grpc: Code.Unavailable, http: 500, error: "INTERNAL_ERROR", ...withDetail },
  SEAL_BROKEN: { grpc: Code.Internal, http: 500, error: "INTERNAL_ERROR", ...withDetail },
};

const codes = Object.keys(wires) as VaultErrorCode[];

describe.each(codes)("%s", (code) => {
  const wire = wires[code];

  test("has its gRPC code, and itself as the reason of an ErrorInfo", () => {
    const error = connectErrorOf(new VaultError(code, message, { cause: new Error("only for the log") }));
    expect([error.code, error.rawMessage]).toEqual([wire.grpc, message]);
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: code, domain: "zsc.v1", metadata: {} }]);
    expect(error.findDetails(RetryInfoSchema)).toEqual([]);
    expect(error.details).toHaveLength(1);
    expect([...error.metadata.keys()]).toEqual([]);
    expect(codeOf(error, error.code)).toBe(code);
  });

  test("has its HTTP status and envelope", () => {
    const failure = failureOf({ kind: "call", error: connectErrorOf(new VaultError(code, message)) });
    const { error, detail } = wire;
    expect(failure.status).toBe(wire.http);
    expect(failure.body).toEqual({ ok: false, error, ...(detail === undefined ? {} : { detail }) });
    expect(failure.headers).toEqual(code === "UNAUTHENTICATED" ? { "www-authenticate": "Bearer" } : {});
  });

  test("shows no detail that only says its error again", () => {
    const again = new VaultError(code, wire.error);
    expect(failureOf({ kind: "call", error: connectErrorOf(again) }).body).toEqual({ ok: false, error: wire.error });
  });

  test("carries the receipt of its row, and when trying again can help", () => {
    const refusal = new VaultError(code, message, { retryAfterMs: 46_619 });
    refusal.receipt = "17.abc";
    const error = connectErrorOf(refusal);
    expect(error.metadata.get("zsc-receipt")).toBe("17.abc");
    const [retry] = error.findDetails(RetryInfoSchema);
    expect(retry?.retryDelay).toMatchObject({ seconds: 46n, nanos: 619_000_000 });
    const { headers } = failureOf({ kind: "call", error });
    expect(headers).toMatchObject({ "zsc-receipt": "17.abc", "retry-after": "47" });
  });
});

describe("what is no VaultError", () => {
  const bug = new TypeError("secret=hunter2 at SELECT");

  test("is an internal error and says no more", () => {
    const error = connectErrorOf(bug);
    expect([error.code, error.rawMessage, error.details]).toEqual([Code.Internal, "internal error", []]);
    expect(failureOf({ kind: "call", error })).toMatchObject({
      status: 500,
      body: { ok: false, error: "INTERNAL_ERROR", detail: "internal error" },
    });
    expect(codeOf(error, error.code)).toBe("Internal");
  });

  test("is left as it is when it already is an error of the protocol", () => {
    const error = new ConnectError("deadline", Code.DeadlineExceeded);
    expect(connectErrorOf(error)).toBe(error);
    expect(codeOf(error, error.code)).toBe("DeadlineExceeded");
  });

  test("is left as it is when it says itself when to come back", () => {
    const error = crowded("too many streams");
    expect(connectErrorOf(error)).toBe(error);
    expect(codeOf(error, error.code)).toBe("ResourceExhausted");
  });

  test("is OVERLOADED, with a time, when the port had no room for it", () => {
    const error = connectErrorOf(new ConnectError("too many requests are under way", Code.Unavailable));
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("OVERLOADED");
    expect(error.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds).toBe(1n);
    expect(failureOf({ kind: "call", error })).toMatchObject({ status: 500, headers: { "retry-after": "1" } });
  });
});

test("a call that took too long says so, and no more", () => {
  const error = connectErrorOf(new ConnectError("the operation timed out", Code.DeadlineExceeded));
  expect(failureOf({ kind: "call", error })).toMatchObject({
    status: 500,
    body: { ok: false, error: "INTERNAL_ERROR", detail: "the call took too long, and may have been recorded" },
  });
});

describe("what never reached a call", () => {
  test.each([
    [{ kind: "no_route" } as const, 404, "NOT_FOUND"],
    [{ kind: "method_not_allowed", allow: ["GET", "HEAD"] } as const, 405, "METHOD_NOT_ALLOWED"],
    [{ kind: "too_large" } as const, 413, "request too large"],
    [{ kind: "headers_too_large" } as const, 431, "request headers too large"],
  ])("%j", (problem, status, error) => {
    const failure = failureOf(problem);
    expect(failure).toMatchObject({ status, body: { ok: false, error } });
    expect(failure.body).not.toHaveProperty("detail");
    if (problem.kind === "method_not_allowed") {
      expect(failure.headers).toEqual({ allow: "GET, HEAD" });
    }
  });
});
