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
import type { UniversalHandler, UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { compressionGzip } from "@connectrpc/connect-node";
import type { Exchange } from "../http/exchange.ts";
import type { ReportFault } from "../http/faults.ts";
import { addAll, type HeaderRecord } from "../http/headers.ts";
import { crowded, type Places } from "../http/places.ts";
import type { ServiceBinding } from "../options.ts";
import { withFirstMessageTimeout } from "./first-message.ts";
import { parseGrpcTimeout } from "./grpc.ts";
import { callerLeft, StreamCall } from "./stream-call.ts";
import type { UnaryRuntime } from "./unary.ts";

export type StreamHandler = (exchange: Exchange) => void;

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

/** Serves streaming methods with Connect's universal handlers: one per path. Unary methods are not included. */
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
  return (exchange) => {
    if (!options.allowJson && /\bjson\b/i.test(exchange.contentType ?? "")) {
      exchange.send({ status: 415, header: {} });
      return;
    }
    const call = new StreamCall(exchange, exchange.peer);
    exchange.onClose((isWhole) => call.end(isWhole, onCall));
    const request = tryUniversalRequest(exchange, createContextValues().set(callKey, call));
    if (request === undefined) {
      exchange.send({ status: 400, header: {} });
      return;
    }
    forgetEndlessTimeout(request.header, limits.maxTimeoutMs);
    const timely = timeLimited(exchange, handler.method, limits.requestTimeoutMs);
    const body = withFirstMessageTimeout(timely, exchange, limits.firstMessageTimeoutMs);
    handler({ ...request, body })
      .then((response) => send(exchange, response))
      .catch((error) => {
        options.report("stream", error, { destroy: () => exchange.cut("internal") });
        // The caller may be waiting for the response.
        exchange.cut("internal");
      });
  };
}

/** Undefined where the caller does not say, in a way that makes a URL, whom it calls. */
function tryUniversalRequest(
  exchange: Exchange,
  contextValues: ContextValues,
): Omit<UniversalServerRequest, "body"> | undefined {
  const gone = new AbortController();
  exchange.onClose((isWhole) => gone.abort(isWhole ? undefined : callerLeft()));
  try {
    return {
      httpVersion: exchange.httpVersion === 2 ? "2.0" : "1.1",
      method: exchange.httpMethod,
      url: new URL(exchange.target, exchange.origin).toString(),
      header: new Headers([...exchange.header]),
      signal: gone.signal,
      contextValues,
    };
  } catch {
    return undefined;
  }
}

/** Headers are sent with the first part of the body: until then the implementation may set some. */
async function send(exchange: Exchange, response: UniversalServerResponse): Promise<void> {
  const { status, header = new Headers(), body, trailer } = response;
  const parts = body?.[Symbol.asyncIterator]();
  const first = await parts?.next();
  await exchange.sendStream({
    status,
    header: toRecord(header),
    body: partsFrom(first, parts),
    trailer: () => trailer && toRecord(trailer),
    isEndless: true,
  });
}

async function* partsFrom(
  first: IteratorResult<Uint8Array> | undefined,
  parts: AsyncIterator<Uint8Array> | undefined,
): AsyncIterable<Uint8Array> {
  try {
    for (let part = first; part !== undefined && part.done !== true; part = await parts?.next()) {
      yield part.value;
    }
  } finally {
    parts?.return?.()?.catch(() => undefined);
  }
}

function toRecord(headers: Headers): HeaderRecord {
  const record: HeaderRecord = {};
  addAll(record, headers);
  return record;
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

/** The body of a request, which must be complete within `timeoutMs`, unless the method takes a stream. */
function timeLimited(exchange: Exchange, { methodKind }: DescMethod, timeoutMs: number): AsyncIterable<Uint8Array> {
  const body = exchange.body();
  if (methodKind !== "server_streaming") {
    return body;
  }
  const timer = setTimeout(() => exchange.cut("cancel"), timeoutMs);
  exchange.onClose(() => clearTimeout(timer));
  return (async function* () {
    yield* body;
    clearTimeout(timer);
  })();
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
