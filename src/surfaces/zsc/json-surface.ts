import type { DescField, DescMethod, JsonObject, JsonValue, Message } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { emit_null } from "#gen/zsc/v1/rules_pb.js";
import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { VaultError } from "../../base/index.ts";
import type { JsonMistake, JsonProblem, JsonReply, JsonSurface } from "../../transport/index.ts";
import { receiptHeader, type Validation } from "../kernel/index.ts";
import { connectErrorOf, statusTable, type ZscStatus } from "./status.ts";

/** The dialect of ZSC's JSON routes: an envelope with `ok` (contract, section 2). */
export function createZscJson(validation: Validation, timeoutMs: number): JsonSurface {
  return {
    prefix: "/api/zsc",
    timeoutMs,
    emitNull: emit_null,
    prepare,
    mistake: createMistake(validation),
    success: (_method, json) => ({ status: 200, body: { ok: true, ...json } }),
    failure: failureOf,
  };
}

export function failureOf(problem: JsonProblem): JsonReply {
  switch (problem.kind) {
    case "no_route":
      return { status: 404, body: { ok: false, error: "NOT_FOUND" } };
    case "method_not_allowed":
      return {
        status: 405,
        headers: { allow: problem.allow.join(", ") },
        body: { ok: false, error: "METHOD_NOT_ALLOWED" },
      };
    case "too_large":
      return failureOfStatus(statusTable.MESSAGE_TOO_LARGE, "");
    case "headers_too_large":
      return { status: 431, body: { ok: false, error: "request headers too large" } };
    case "malformed":
      return { status: 400, body: { ok: false, error: problem.sentence } };
    case "unsupported_encoding":
      return {
        status: 415,
        headers: { "accept-encoding": problem.accepted },
        body: { ok: false, error: `content-encoding must be ${problem.accepted}` },
      };
    case "call":
      return failureOfCall(problem.error);
  }
}

const internal: ZscStatus = { grpc: Code.Internal, http: 500, error: "INTERNAL_ERROR", showsDetail: true };
const tooLate = "the call took too long, and may have been recorded";

function failureOfCall(error: ConnectError): JsonReply {
  const { cause } = error;
  if (!(cause instanceof VaultError)) {
    return failureOfStatus(internal, error.code === Code.DeadlineExceeded ? tooLate : "internal error");
  }
  const headers: Record<string, string> = {};
  if (cause.receipt !== undefined) {
    headers[receiptHeader] = cause.receipt;
  }
  if (cause.code === "UNAUTHENTICATED") {
    headers["www-authenticate"] = "Bearer";
  }
  if (cause.retryAfterMs !== undefined) {
    headers["retry-after"] = String(Math.ceil(cause.retryAfterMs / 1_000));
  }
  return { ...failureOfStatus(statusTable[cause.code], cause.message), headers };
}

function failureOfStatus({ http, error, showsDetail }: ZscStatus, message: string): JsonReply {
  const detail = showsDetail && message !== error ? { detail: message } : {};
  return { status: http, body: { ok: false, error: error ?? message, ...detail } };
}

/** Maps the contract's JSON body to the JSON of the protobuf message. */
function prepare(method: DescMethod, json: JsonObject): JsonObject {
  return method === ZscAdmin.method.set ? prepareSet(json) : json;
}

function prepareSet(json: JsonObject): JsonObject {
  const { permissions, purposeTag, expiresZeqond, expiresNever: _unknown, ...rest } = json;
  const prepared: Record<string, JsonValue> = { ...rest };
  if (purposeTag !== undefined) {
    prepared["purposeTag"] = purposeTag ?? "";
  }
  if (expiresZeqond === null) {
    prepared["expiresNever"] = true;
  } else if (expiresZeqond !== undefined) {
    prepared["expiresZeqond"] = expiresZeqond;
  }
  // Null counts as absent. A value that is not a list becomes one that the decoder refuses in field order.
  if (permissions !== undefined && permissions !== null) {
    prepared["permissions"] = permissionsOf(permissions) ?? false;
  }
  return prepared;
}

/** Entries that are not strings are dropped. */
function permissionsOf(json: JsonValue): JsonObject | undefined {
  return Array.isArray(json) ? { zids: json.filter((entry) => typeof entry === "string") } : undefined;
}

/** Makes the error for a field of the wrong type, unless an earlier field is invalid too. */
function createMistake(validation: Validation) {
  return (method: DescMethod, message: Message, mistake: JsonMistake): ConnectError => {
    try {
      validation.checkBefore(method.input, message, outermostOf(method, mistake.field).number);
      return connectErrorOf(new VaultError("INVALID_ARGUMENT", sentenceOf(method, mistake)));
    } catch (error) {
      return connectErrorOf(error);
    }
  };
}

/** The top-level field of the request that is, or contains, the invalid one. */
function outermostOf({ input }: DescMethod, field: DescField): DescField {
  return input.fields.find((candidate) => candidate === field || candidate.message === field.parent) ?? field;
}

const setSentences: Readonly<Record<string, string>> = {
  expires_zeqond: "expiresZeqond must be an integer from 0 to 9007199254740991",
  permissions: "permissions must be an array of strings",
  zids: "permission must be valid Unicode text",
};

function sentenceOf(method: DescMethod, { kind, field, sentence }: JsonMistake): string {
  if (kind === "size") {
    return sentence;
  }
  if (method === ZscAdmin.method.set) {
    return setSentences[field.name] ?? sentence;
  }
  if (method === ZscAdmin.method.audit && field.name === "limit") {
    return "limit must be an integer of at least 1";
  }
  return sentence;
}
