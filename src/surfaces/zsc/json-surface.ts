import {
  type DescField,
  type DescMethod,
  isMessage,
  type JsonObject,
  type JsonValue,
  type Message,
} from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { emit_null, off_json } from "#gen/zsc/v1/rules_pb.js";
import { InfoResponseSchema, SetResponseSchema, ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
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
    leaveOut: off_json,
    prepare,
    mistake: createMistake(validation),
    success: (_method, json, message) => ({ status: 200, headers: entityTag(message), body: { ok: true, ...json } }),
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

/** The version of the secret that an answer is about (RFC 9110 §8.8.3). */
function entityTag(message: Message): Readonly<Record<string, string>> {
  const version = isMessage(message, InfoResponseSchema)
    ? message.secret?.version
    : isMessage(message, SetResponseSchema)
      ? message.version
      : undefined;
  return version === undefined ? {} : { etag: `"${version}"` };
}

/** Maps the contract's JSON body and its conditions to the JSON of the protobuf message. */
function prepare(method: DescMethod, json: JsonObject, header: Pick<Headers, "get">): JsonObject {
  const prepared = method === ZscAdmin.method.set ? prepareSet(json) : json;
  const conditions = conditionsOf(method, header);
  if (conditions["ifVersion"] !== undefined && (prepared["ifVersion"] ?? null) !== null) {
    throw new VaultError("INVALID_ARGUMENT", "If-Match and ifVersion exclude each other");
  }
  return { ...prepared, ...conditions };
}

/** The header fields that make a change conditional, as fields of its message. Calls that change nothing ignore them. */
function conditionsOf({ input }: DescMethod, header: Pick<Headers, "get">): JsonObject {
  const takes = (name: string) => input.fields.some((field) => field.name === name);
  const conditions: Record<string, JsonValue> = {};
  const match = takes("if_version") ? header.get("if-match") : null;
  if (match !== null) {
    conditions["ifVersion"] = versionOf(match);
  }
  const noneMatch = takes("if_version") ? header.get("if-none-match") : null;
  if (noneMatch !== null) {
    if (noneMatch !== "*" || !takes("create_only")) {
      throw new VaultError(
        "INVALID_ARGUMENT",
        takes("create_only") ? "If-None-Match must be *" : "If-None-Match is for set only",
      );
    }
    conditions["createOnly"] = true;
  }
  return conditions;
}

/** A strong tag: what is compared with a version is the version that an answer has shown. */
function versionOf(tag: string): string {
  const version = /^"([1-9][0-9]{0,15})"$/.exec(tag)?.[1];
  if (version === undefined) {
    throw new VaultError("INVALID_ARGUMENT", 'If-Match must be a version in quotes, such as "3"');
  }
  return version;
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
