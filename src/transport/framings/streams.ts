import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { constants } from "node:http2";
import { setImmediate } from "node:timers/promises";
import type { DescMethod, DescService, Message, Registry } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ContextValues,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type Interceptor,
  type ServiceImpl,
} from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import {
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { discardRest } from "../http/discard.ts";
import type { ReportFault } from "../http/faults.ts";
import { type Peer, peerOf } from "../http/peer.ts";
import { crowded, type Places } from "../http/places.ts";
import type { Limits } from "../limits.ts";
import type { ServiceBinding } from "../options.ts";
import { withFirstMessageTimeout } from "./first-message.ts";
import { parseGrpcTimeout } from "./grpc.ts";
import { StreamCall } from "./stream-call.ts";
import { originOf } from "./stream-origin.ts";
import type { UnaryRuntime } from "./unary.ts";

type NodeRequest = IncomingMessage | Http2ServerRequest;
type NodeResponse = ServerResponse | Http2ServerResponse;
export type StreamHandler = (request: NodeRequest, response: NodeResponse) => void;

interface StreamOptions {
  readonly runtime: UnaryRuntime;
  readonly interceptors: readonly Interceptor[];
  readonly registry: Registry;
  readonly allowJson: boolean;
  /** The places of unauthenticated streams. */
  readonly publicStreams: Places;
  /** Aborted when the server closes; otherwise streams would delay the shutdown indefinitely. */
  readonly closing: AbortSignal;
  readonly report: ReportFault;
}

/** Serves streaming methods with Connect-Node: one handler per path. Unary methods are not included. */
export function compileStreams(
  services: readonly ServiceBinding[],
  options: StreamOptions,
): ReadonlyMap<string, StreamHandler> {
  return new Map(services.flatMap((binding) => compileService(binding, options)));
}

function compileService(binding: ServiceBinding, options: StreamOptions): readonly [string, StreamHandler][] {
  const { runtime, registry } = options;
  const { limits } = runtime;
  const router = createConnectRouter({
    acceptCompression: [compressionGzip],
    readMaxBytes: binding.public ? limits.maxPublicMessageBytes : limits.maxMessageBytes,
    writeMaxBytes: limits.maxResponseBytes,
    shutdownSignal: options.closing,
    jsonOptions: { registry },
    interceptors: [bounded(binding, runtime), ...options.interceptors],
    requestGate: ({ method, protocolName, values }) => {
      const call = callOf(values);
      call.begin(method, protocolName, values);
      return guard(runtime, call, () =>
        binding.public ? call.takePlace(options.publicStreams) : runtime.admit?.(method, call.origin, values),
      );
    },
  });
  router.service(binding.service, binding.implementation as Partial<ServiceImpl<DescService>>);
  const streaming = router.handlers.filter(({ method }) => method.methodKind !== "unary");
  return streaming.map((handler) => [handler.requestPath, handleWith(handler, options)]);
}

const callKey = createContextKey<StreamCall | undefined>(undefined, { description: "the stream itself" });

function callOf(values: ContextValues): StreamCall {
  const call = values.get(callKey);
  if (call === undefined) {
    throw new Error("a stream that nobody opened");
  }
  return call;
}

function handleWith(handler: UniversalHandler, options: StreamOptions): StreamHandler {
  const { limits, onCall } = options.runtime;
  return (request, response) => {
    if (!options.allowJson && /\bjson\b/i.test(request.headers["content-type"] ?? "")) {
      refuse(request, response, 415);
      return;
    }
    const call = new StreamCall(originOf(request), peerOfRequest(request));
    const wire = "stream" in response ? response.stream : response;
    // A stream that was reset may still report that writing has finished.
    const isAnswered = () => wire.writableFinished && !("rstCode" in wire && wire.rstCode);
    wire.once("close", () => call.end(isAnswered(), onCall));
    const body = bodyOf(request, handler.method, limits.requestTimeoutMs);
    serve(handler, request, response, body, createContextValues().set(callKey, call), limits).catch((error) => {
      options.report("stream", error, wire);
      // The caller may be waiting for the response.
      wire.destroy();
    });
  };
}

function peerOfRequest(request: NodeRequest): Peer {
  return peerOf("stream" in request ? request.stream.session : request.socket);
}

async function serve(
  handler: UniversalHandler,
  request: NodeRequest,
  response: NodeResponse,
  body: AsyncIterable<Uint8Array>,
  values: ContextValues,
  limits: Limits,
): Promise<void> {
  const universal = tryUniversalRequest(request, response, values);
  if (universal === undefined) {
    refuse(request, response, 400);
    return;
  }
  forgetEndlessTimeout(universal.header, limits.maxTimeoutMs);
  // A response before the end of the request must not close the connection.
  const source = "stream" in request ? request.stream : request;
  ("stream" in response ? response.stream : response).once("finish", () => discard(request));
  const begun = withFirstMessageTimeout(body, source, limits.firstMessageTimeoutMs);
  await universalResponseToNodeResponse(await handler({ ...universal, body: begun }), response);
}

function refuse(request: NodeRequest, response: NodeResponse, status: number): void {
  response.statusCode = status;
  response.end();
  discard(request);
}

function discard(request: NodeRequest): void {
  discardRest("stream" in request ? request.stream : request);
  // Over HTTP/2 the compatibility request has its hands on the stream, and would pause it once it is full.
  request.resume();
}

/** Undefined where the caller does not say, in a way that makes a URL, whom it calls. */
function tryUniversalRequest(request: NodeRequest, response: NodeResponse, values: ContextValues) {
  try {
    return universalRequestFromNodeRequest(request, response, undefined, values);
  } catch {
    return undefined;
  }
}

/** Removes a deadline that is too long: Connect passes it to a timer, and an overflow would fire at once. */
function forgetEndlessTimeout(header: Headers, maxTimeoutMs: number): void {
  const grpc = header.get("grpc-timeout");
  if (grpc !== null && Number(parseGrpcTimeout(grpc)) > maxTimeoutMs) {
    header.delete("grpc-timeout");
  }
  if (Number(header.get("connect-timeout-ms") ?? 0) > maxTimeoutMs) {
    header.delete("connect-timeout-ms");
  }
}

/**
 * The body of a request; the request stays open when the reader stops early. The body must be complete within
 * `timeoutMs`, unless the method takes a stream.
 */
function bodyOf(request: NodeRequest, { methodKind }: DescMethod, timeoutMs: number): AsyncIterable<Uint8Array> {
  const chunks = request.iterator({ destroyOnReturn: false });
  const isShort = methodKind === "server_streaming";
  const timer = isShort ? setTimeout(() => cutOff(request), timeoutMs) : undefined;
  const read = async () => {
    const chunk = await chunks.next();
    if (chunk.done === true) {
      clearTimeout(timer);
    }
    return chunk;
  };
  ("stream" in request ? request.stream : request.socket).once("close", () => clearTimeout(timer));
  const stop = async () => {
    clearTimeout(timer);
    await chunks.return?.();
    return { done: true, value: undefined } as const;
  };
  return { [Symbol.asyncIterator]: () => ({ next: read, return: stop, throw: stop }) };
}

function cutOff(request: NodeRequest): void {
  if ("stream" in request) {
    request.stream.close(constants.NGHTTP2_CANCEL);
  } else {
    request.socket.destroy();
  }
}

/** Applies to a stream the checks of a unary call, and to a public one its limits. */
function bounded(binding: ServiceBinding, runtime: UnaryRuntime): Interceptor {
  return (next) => async (request) => {
    const call = callOf(request.contextValues);
    const asked = request.stream ? { ...request, message: incoming(request, binding, runtime) } : request;
    const response = await guard(runtime, call, () => next(asked));
    if (!response.stream) {
      return response;
    }
    const { message } = response;
    const timed = binding.public ? endAfter(message, runtime.limits.maxPublicStreamMs) : message;
    return { ...response, message: translateErrors(runtime, call, timed) };
  };
}

/** Limit of the messages processed in one turn of the event loop. */
const messagesPerTurn = 16;

async function* incoming(
  { method, message: messages }: { readonly method: DescMethod; readonly message: AsyncIterable<Message> },
  binding: ServiceBinding,
  { check, limits }: UnaryRuntime,
): AsyncIterable<Message> {
  let count = 0;
  for await (const message of messages) {
    count += 1;
    if (!binding.public) {
      check?.(method, message);
    } else if (count > limits.maxPublicStreamMessages) {
      throw crowded("too many messages on one stream");
    }
    if (count % messagesPerTurn === 0) {
      await setImmediate();
    }
    yield message;
  }
}

/** Passes messages on until the time is up, and then does not wait for the source. */
async function* endAfter<T>(messages: AsyncIterable<T>, ms: number): AsyncIterable<T> {
  const source = messages[Symbol.asyncIterator]();
  const { promise: over, reject } = Promise.withResolvers<never>();
  over.catch(() => {});
  const timer = setTimeout(() => reject(new ConnectError("the stream has lasted long enough", Code.Unavailable)), ms);
  try {
    for (;;) {
      const { done, value } = await Promise.race([source.next(), over]);
      if (done === true) {
        return;
      }
      yield value;
    }
  } finally {
    clearTimeout(timer);
    source.return?.()?.catch(() => {});
  }
}

async function* translateErrors<T>(
  runtime: UnaryRuntime,
  call: StreamCall,
  messages: AsyncIterable<T>,
): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (reason) {
    throw failed(runtime, call, reason);
  }
}

async function guard<T>(runtime: UnaryRuntime, call: StreamCall, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (reason) {
    throw failed(runtime, call, reason);
  }
}

/** Translates `reason` for the caller, and keeps it for the log. */
function failed(runtime: UnaryRuntime, call: StreamCall, reason: unknown): ConnectError {
  const error = runtime.translate(reason, call.method);
  call.fail(error, reason);
  return error;
}
