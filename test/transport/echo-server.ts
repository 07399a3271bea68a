import { setTimeout as sleep } from "node:timers/promises";
import { create, type JsonObject } from "@bufbuild/protobuf";
import { Code, ConnectError, createContextKey, type Interceptor, type ServiceImpl } from "@connectrpc/connect";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import {
  bindService,
  type CallRecord,
  type ConnectionFault,
  createServer,
  type JsonProblem,
  type JsonReply,
  type JsonSurface,
  type ServerOptions,
  type ZscServer,
} from "../../src/transport/index.ts";
import { EchoService, emit_null } from "../gen/test/echo/v1/echo_pb.js";

export const callerKey = createContextKey("nobody");

/** Handlers that answer, fail and wait as they are told to. */
export const echoHandlers: ServiceImpl<typeof EchoService> = {
  echo(request, context) {
    context.responseHeader.set("echo-header", context.requestHeader.get("echo-header") ?? "none");
    context.responseHeader.set("echo-caller", context.values.get(callerKey));
    context.responseTrailer.set("echo-trailer", "at the end");
    return { echo: request };
  },
  fail(request, context) {
    if (request.kind === "text") {
      throw "a string";
    }
    if (request.kind === "bug") {
      throw new TypeError(`a bug with ${request.message} in it`);
    }
    const metadata = { "error-metadata": "kept", "error-bin": "AAEC" };
    if (request.kind === "header") {
      context.responseHeader.set("echo-header", "set before");
    }
    throw new ConnectError(
      request.message,
      request.code,
      metadata,
      request.kind === "details"
        ? [{ desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason: "TOLD_TO" }) }]
        : [],
    );
  },
  async wait(request, context) {
    await sleep(request.forMs, undefined, { signal: context.signal }).catch(() => {
      throw context.signal.reason;
    });
    return {};
  },
  remove: (request) => ({ text: request.text }),
  look: (request) => ({ text: request.text }),
  async *count(request) {
    for (let number = 1; number <= request.to; number++) {
      yield { number };
    }
    if (request.to < 0) {
      throw new TypeError("a bug in a stream");
    }
  },
  missing() {
    throw new ConnectError("not here", Code.Unimplemented);
  },
};

export const echoSurface: JsonSurface = {
  prefix: "/api/echo",
  emitNull: emit_null,
  success: (_method, json: JsonObject) => ({ status: 200, body: { ok: true, ...json } }),
  failure: (problem: JsonProblem): JsonReply => {
    switch (problem.kind) {
      case "no_route":
        return { status: 404, body: { ok: false, error: "NOT_FOUND" } };
      case "method_not_allowed":
        return { status: 405, headers: { allow: problem.allow.join(", ") }, body: { ok: false, error: "NOT_ALLOWED" } };
      case "too_large":
        return { status: 413, body: { ok: false, error: "request too large" } };
      case "headers_too_large":
        return { status: 431, body: { ok: false, error: "request headers too large" } };
      case "malformed":
        return { status: 400, body: { ok: false, error: problem.sentence } };
      case "unsupported_encoding":
        return {
          status: 415,
          headers: { "accept-encoding": problem.accepted },
          body: { ok: false, error: "encoding" },
        };
      case "call":
        return {
          status: problem.error.code === Code.Unauthenticated ? 401 : problem.error.code === Code.Internal ? 500 : 400,
          body: { ok: false, error: problem.error.rawMessage },
        };
    }
  },
};

export interface EchoServer {
  readonly server: ZscServer;
  readonly port: number;
  readonly records: CallRecord[];
  readonly faults: ConnectionFault[];
}

/** Starts an echo server on a free port. A header `authorization: Bearer no` is refused. */
export async function startEcho(options: Partial<ServerOptions> = {}): Promise<EchoServer> {
  const records: CallRecord[] = [];
  const faults: ConnectionFault[] = [];
  const server = createServer({
    services: [bindService(EchoService, echoHandlers)],
    health: { ready: async () => ({ ready: true, durable: true }) },
    admit(_method, { header }, values) {
      const tokens = header.all("authorization");
      if (tokens.length > 1 || tokens[0] === "Bearer no") {
        throw new ConnectError("unauthorized", Code.Unauthenticated);
      }
      values.set(callerKey, tokens[0] ?? "nobody");
    },
    jsonSurfaces: [echoSurface],
    interceptors: [passing],
    onCall: (record) => records.push(record),
    onFault: (fault) => faults.push(fault),
    ...options,
  });
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  return { server, port, records, faults };
}

const passing: Interceptor = (next) => (request) => next(request);
