import type { DescMethod, JsonObject, JsonValue } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { AccountService, SignInService } from "#gen/vault/v1/accounts_pb.js";
import { AgentService } from "#gen/vault/v1/agents_pb.js";
import { AuditService } from "#gen/vault/v1/audit_pb.js";
import { PolicyService } from "#gen/vault/v1/policies_pb.js";
import { SecretService } from "#gen/vault/v1/secrets_pb.js";
import { VaultService } from "#gen/vault/v1/vaults_pb.js";
import { VaultError } from "../../base/index.ts";
import type { JsonMistake, JsonProblem, JsonReply, JsonSurface } from "../../transport/index.ts";
import { receiptHeader } from "../kernel/index.ts";
import { connectErrorOf, vaultStatus } from "./status.ts";

/** The dialect of `/v1`: bare resources, problem details (contract 1claw.md, sections 1 and 2). */
export function createVaultJson(timeoutMs: number, refusal: NonNullable<JsonSurface["refusal"]>): JsonSurface {
  return {
    prefix: "/v1",
    timeoutMs,
    takesEmptyBodies: true,
    refusal,
    prepare,
    mistake: (method, _message, mistake) =>
      connectErrorOf(new VaultError("INVALID_ARGUMENT", wordMistake(method, mistake))),
    success,
    failure: failureOf,
  };
}

const created: ReadonlySet<DescMethod> = new Set([
  VaultService.method.createVault,
  SecretService.method.putSecret,
  SecretService.method.rotateSecret,
  PolicyService.method.createPolicy,
  AgentService.method.createAgent,
  AccountService.method.createApiKey,
]);
/** Answers that show a key, once. */
const showsKey: ReadonlySet<DescMethod> = new Set([
  AgentService.method.createAgent,
  AgentService.method.rotateAgentKey,
  AccountService.method.createApiKey,
]);
const noStore = { "cache-control": "no-store" };

function success(method: DescMethod, json: JsonObject): JsonReply {
  if (method.output.typeName === "google.protobuf.Empty") {
    return { status: 204 };
  }
  const isCreated = created.has(method);
  const holdsSecret = method.output.typeName === "vault.v1.Secret" || method.parent === SignInService;
  const headers = holdsSecret || showsKey.has(method) ? { headers: noStore } : {};
  return { status: isCreated ? 201 : 200, body: bodyOf(method, json), ...headers };
}

/** Null stands where a field of the contract may be null, and clients that name the agent take a plain token. */
function bodyOf(method: DescMethod, json: JsonObject): JsonObject {
  if (method === AuditService.method.verifyAuditChain) {
    return { broken_at_event_id: null, ...json };
  }
  if (method === AuditService.method.listAuditEvents) {
    const { events } = json;
    return {
      ...json,
      events: Array.isArray(events) ? events.map((event) => ({ prev_event_id: null, ...asObject(event) })) : [],
    };
  }
  if (method === SignInService.method.exchangeAgentKey && json["agent_id"] === undefined) {
    const { vault_ids: _unasked, ...plain } = json;
    return plain;
  }
  return json;
}

function asObject(value: JsonValue): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

/** How the body of a change differs from its message: null clears a field, and a list is given as it stands. */
interface ChangeBody {
  readonly clearable: readonly string[];
  /** Of each list: the field of the message that holds it. */
  readonly lists: Readonly<Record<string, string>>;
}

const changeBodies: ReadonlyMap<DescMethod, ChangeBody> = new Map<DescMethod, ChangeBody>([
  [
    PolicyService.method.updatePolicy,
    { clearable: ["expires_at", "conditions", "effect", "priority"], lists: { permissions: "names" } },
  ],
  [
    AgentService.method.updateAgent,
    {
      clearable: ["description", "scopes", "expires_at", "vault_ids", "token_ttl_seconds", "api_key_expires_at"],
      lists: { scopes: "names", vault_ids: "ids" },
    },
  ],
]);

/** Numbers of bodies: proto3 JSON takes them as texts, too. */
const numbers = ["max_access_count", "length", "priority", "token_ttl_seconds"];

/** In a change null clears, and a list that is given replaces the one before, also an empty one. */
function prepare(method: DescMethod, given: JsonObject): JsonObject {
  const texts = numbers.filter((name) => typeof given[name] === "string");
  const json = texts.length === 0 ? given : { ...given, ...Object.fromEntries(texts.map((name) => [name, false])) };
  const body = changeBodies.get(method);
  if (body === undefined) {
    return json;
  }
  const prepared: Record<string, JsonValue> = { ...json, clear: body.clearable.filter((name) => json[name] === null) };
  for (const [name, field] of Object.entries(body.lists)) {
    const list = json[name];
    if (list !== undefined && list !== null) {
      prepared[name] = Array.isArray(list) ? { [field]: list } : false;
    }
  }
  return prepared;
}

/** Names the field of the body: in a change, a list is held by a message that callers do not know. */
function wordMistake(method: DescMethod, { field, kind, sentence }: JsonMistake): string {
  const lists = Object.entries(changeBodies.get(method)?.lists ?? {});
  const isHeld = field.parent !== method.input;
  const [name = field.name] = lists.find((list) => list[isHeld ? 1 : 0] === field.name) ?? [];
  const isList = field.fieldKind === "list" || lists.some(([list]) => list === name);
  return kind === "type" && isList ? `${name} must be an array of strings` : sentence;
}

function failureOf(problem: JsonProblem): JsonReply {
  switch (problem.kind) {
    case "no_route":
      return problemReply(404, "Not Found", "There is no such route");
    case "method_not_allowed":
      return problemReply(405, "Method Not Allowed", "The route does not know this method", {
        headers: { allow: problem.allow.join(", ") },
      });
    case "too_large":
      return problemReply(413, "Payload Too Large", "The body is larger than 5 MiB");
    case "headers_too_large":
      return problemReply(431, "Request Header Fields Too Large", "The headers are too large");
    case "malformed":
      return problemReply(400, "Bad Request", problem.sentence);
    case "unsupported_encoding":
      return problemReply(415, "Unsupported Media Type", `content-encoding must be ${problem.accepted}`, {
        headers: { "accept-encoding": problem.accepted },
      });
    case "call":
      return failureOfCall(problem.error);
  }
}

function failureOfCall(error: ConnectError): JsonReply {
  const { cause } = error;
  if (!(cause instanceof VaultError)) {
    return error.code === Code.DeadlineExceeded
      ? problemReply(503, "Service Unavailable", "The call took too long, and may have been recorded", retryLater)
      : problemReply(500, "Internal Server Error", "An unexpected error occurred");
  }
  const { http, title, type = "about:blank", told = [], detail: instead } = vaultStatus[cause.code];
  const detail = instead === undefined || told.includes(cause.message) ? cause.message : instead;
  const headers: Record<string, string> = {};
  if (cause.receipt !== undefined) {
    headers[receiptHeader] = cause.receipt;
  }
  if (http === 401) {
    headers["www-authenticate"] = "Bearer";
  }
  if (cause.retryAfterMs !== undefined || http === 503) {
    headers["retry-after"] = String(Math.ceil((cause.retryAfterMs ?? unavailableForMs) / 1_000));
  }
  return problemReply(http, title, detail, { type, headers });
}

/** When nothing better is known. */
const unavailableForMs = 1_000;

const retryLater = { headers: { "retry-after": "1" } };

function problemReply(
  status: number,
  title: string,
  detail: string,
  more: { readonly type?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): JsonReply {
  const { type = "about:blank", headers } = more;
  return {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
    body: { type, title, status, detail },
  };
}
