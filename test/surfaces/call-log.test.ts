import { Code, ConnectError, createContextValues } from "@connectrpc/connect";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { VaultError } from "../../src/base/errors.ts";
import type { Log, LogFields } from "../../src/base/log.ts";
import { createCallLog } from "../../src/surfaces/kernel/call-log.ts";
import { createFaultLog } from "../../src/surfaces/kernel/faults.ts";
import { faultReporter } from "../../src/transport/http/faults.ts";

/** The lines that `act` writes to a log. */
function linesOf(act: (log: Log) => void): readonly Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const at = (level: string) => (fields: LogFields, msg: string) => void lines.push({ level, msg, ...fields });
  act({ debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") });
  return lines;
}

function lineOfCall(reason: unknown, code: Code) {
  const record = {
    method: ZeqContext.method.read,
    framing: "grpc" as const,
    durationMs: 1,
    values: createContextValues(),
  };
  return linesOf((log) => createCallLog(log)({ ...record, reason, code }))[0];
}

function lineOfFault(error: unknown) {
  return linesOf((log) => faultReporter(createFaultLog(log))("stream", error, { destroy() {} }))[0];
}

const withCode = (code: string) => Object.assign(new Error("canary"), { code });

describe("the line of a call that failed", () => {
  test.each<[string, unknown, Code, string]>([
    ["a bad envelope", new ConnectError("canary", Code.Internal), Code.Internal, "Internal"],
    ["a malformed message", new ConnectError("canary", Code.InvalidArgument), Code.InvalidArgument, "INVALID_ARGUMENT"],
    ["a caller who left", new ConnectError("canary", Code.Canceled), Code.Canceled, "Canceled"],
    ["a deadline", new ConnectError("canary", Code.DeadlineExceeded), Code.DeadlineExceeded, "DeadlineExceeded"],
    ["a reset", withCode("ECONNRESET"), Code.Internal, "Internal"],
    ["an answer to nobody", withCode("HTTP2_CANCEL"), Code.Internal, "Internal"],
    [
      "a reset that the library wrapped",
      new ConnectError("canary", Code.Internal, undefined, undefined, withCode("ECONNRESET")),
      Code.Internal,
      "Internal",
    ],
  ])("is at info, with its code and nothing else: %s", (_what, reason, code, word) => {
    const line = lineOfCall(reason, code);
    expect(line).toMatchObject({ level: "info", msg: "call refused", code: word });
    expect(JSON.stringify(line)).not.toMatch(/canary|stack|reason/);
  });

  test.each<[string, unknown]>([
    ["an error", new Error("canary")],
    ["an error of a library", withCode("ER_BAD_FIELD_ERROR")],
    [
      "an error that the library wrapped",
      new ConnectError("internal error", Code.Internal, undefined, [], new TypeError("canary")),
    ],
  ])("is an error with its place when it is ours: %s", (_what, reason) => {
    const line = lineOfCall(reason, Code.Internal);
    expect(line).toMatchObject({ level: "error", msg: "call failed", stack: expect.stringContaining("call-log.test") });
    expect(JSON.stringify(line)).not.toContain("canary");
  });

  test("is an error also when what was thrown is no error at all", () => {
    expect(lineOfCall("canary", Code.Internal)).toMatchObject({ level: "error", reason: "string" });
  });

  test.each([
    ["UNAUTHENTICATED", "info", "why"],
    ["FORBIDDEN", "info", "why"],
    ["ISSUER_UNAVAILABLE", "info", "why"],
    ["SEAL_BROKEN", "error", "why"],
    ["INVALID_ARGUMENT", "info", undefined],
    ["STORE_UNAVAILABLE", "info", undefined],
  ] as const)("of %s is at %s, with the reason %s", (code, level, reason) => {
    const line = lineOfCall(new VaultError(code, "m", { cause: new Error("why") }), Code.Unknown);
    expect([line?.["level"], line?.["code"], line?.["reason"]]).toEqual([level, code, reason]);
  });

  test("carries the receipt of a refusal that was recorded", () => {
    const refusal = new VaultError("DENIED", "m");
    refusal.receipt = "17.abc";
    expect(lineOfCall(refusal, Code.PermissionDenied)).toMatchObject({ receipt: "17.abc" });
    const wrapped = new ConnectError("m", Code.PermissionDenied, undefined, [], refusal);
    expect(lineOfCall(wrapped, Code.PermissionDenied)).toMatchObject({ receipt: "17.abc" });
  });
});

describe("the line of a connection that failed", () => {
  test.each<[string, unknown, string]>([
    ["a reset", withCode("ECONNRESET"), "ECONNRESET"],
    ["a broken pipe", withCode("EPIPE"), "EPIPE"],
    ["bytes that are no HTTP", withCode("HPE_INVALID_METHOD"), "HPE_INVALID_METHOD"],
    ["frames that are none", withCode("HTTP2_PROTOCOL_ERROR"), "HTTP2_PROTOCOL_ERROR"],
    ["a handshake that failed", withCode("ERR_SSL_WRONG_VERSION_NUMBER"), "ERR_SSL_WRONG_VERSION_NUMBER"],
    ["an error of the protocol", new ConnectError("canary", Code.InvalidArgument), "InvalidArgument"],
  ])("is at info, with its code: %s", (_what, error, code) => {
    const line = lineOfFault(error);
    expect(line).toMatchObject({ level: "info", msg: "a connection failed", code, reason: "stream" });
    expect(JSON.stringify(line)).not.toMatch(/canary|stack/);
  });

  test.each<[string, unknown]>([
    ["an error without a code", new Error("canary")],
    ["a mistake", new TypeError("canary")],
    ["a mistake that Node found", Object.assign(new TypeError("canary"), { code: "ERR_INVALID_ARG_TYPE" })],
    ["a bug that the library wrapped", new ConnectError("m", Code.Internal, undefined, [], new TypeError("canary"))],
  ])("is an error with its place when it is ours: %s", (_what, error) => {
    const line = lineOfFault(error);
    expect(line).toMatchObject({ level: "error", code: "stream", stack: expect.stringContaining("call-log.test") });
    expect(JSON.stringify(line)).not.toContain("canary");
  });
});
