import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { DescService, Registry } from "@bufbuild/protobuf";
import {
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type Interceptor,
  type ServiceImpl,
} from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import {
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { discardRest } from "./discard.ts";
import { peerAddressOf } from "./exchange-http2.ts";
import { parseGrpcTimeout } from "./grpc.ts";
import { CallHeaders } from "./headers.ts";
import type { CallOrigin, ConnectionFault, ServiceBinding } from "./options.ts";
import type { UnaryRuntime } from "./unary.ts";

type NodeRequest = IncomingMessage | Http2ServerRequest;
type NodeResponse = ServerResponse | Http2ServerResponse;
export type StreamHandler = (request: NodeRequest, response: NodeResponse) => void;

export interface StreamOptions {
  readonly runtime: UnaryRuntime;
  readonly interceptors: readonly Interceptor[];
  readonly registry: Registry;
  readonly allowJson: boolean;
  /** Aborted when the server closes: streams would hold it up for ever. */
  readonly closing: AbortSignal;
  readonly onFault: (fault: ConnectionFault) => void;
}

/** Serves streaming methods by stock Connect-Node: one handler for each path. Unary methods are not among them. */
export function compileStreams(
  services: readonly ServiceBinding[],
  options: StreamOptions,
): ReadonlyMap<string, StreamHandler> {
  const { runtime, registry } = options;
  const publicServices = new Set(services.filter((binding) => binding.public).map(({ service }) => service.typeName));
  const router = createConnectRouter({
    acceptCompression: [compressionGzip],
    readMaxBytes: runtime.limits.maxMessageBytes,
    writeMaxBytes: runtime.limits.maxResponseBytes,
    shutdownSignal: options.closing,
    jsonOptions: { registry },
    interceptors: [translating(runtime), ...options.interceptors],
    requestGate: (context: HandlerContext) => {
      const from = context.values.get(callOrigin);
      return publicServices.has(context.service.typeName)
        ? undefined
        : guard(runtime, () => runtime.admit?.(context.method, from, context.values));
    },
  });
  for (const { service, implementation } of services) {
    router.service(service, implementation as Partial<ServiceImpl<DescService>>);
  }
  const streaming = router.handlers.filter(({ method }) => method.methodKind !== "unary");
  return new Map(streaming.map((handler) => [handler.requestPath, handleWith(handler, options)]));
}

const callOrigin = createContextKey<CallOrigin>({
  header: new CallHeaders(),
  httpMethod: "",
  origin: "",
  peerAddress: "",
});

function originOf(request: NodeRequest): CallOrigin {
  const { host = "localhost" } = request.headers;
  const header = new CallHeaders(request.rawHeaders);
  const httpMethod = request.method ?? "";
  if ("authority" in request) {
    const origin = `${request.scheme}://${request.authority || host}`;
    return { header, httpMethod, origin, peerAddress: peerAddressOf(request.stream) };
  }
  const origin = `${"encrypted" in request.socket ? "https" : "http"}://${host}`;
  return { header, httpMethod, origin, peerAddress: request.socket.remoteAddress ?? "" };
}

function handleWith(handler: UniversalHandler, options: StreamOptions): StreamHandler {
  return (request, response) => {
    if (!options.allowJson && /\bjson\b/i.test(request.headers["content-type"] ?? "")) {
      response.statusCode = 415;
      response.end();
      return;
    }
    const values = createContextValues().set(callOrigin, originOf(request));
    serve(handler, request, response, values, options.runtime.limits.maxTimeoutMs).catch((error) =>
      options.onFault({ where: "stream", error }),
    );
  };
}

async function serve(
  handler: UniversalHandler,
  request: NodeRequest,
  response: NodeResponse,
  values: ReturnType<typeof createContextValues>,
  maxTimeoutMs: number,
): Promise<void> {
  const universal = universalRequestFromNodeRequest(request, response, undefined, values);
  forgetEndlessTimeout(universal.header, maxTimeoutMs);
  // An answer before the end of the request must not cost the connection.
  const source = "stream" in request ? request.stream : request;
  ("stream" in response ? response.stream : response).once("finish", () => {
    discardRest(source);
    // Over HTTP/2 the compatibility request has its hands on the stream, and would pause it once it is full.
    request.resume();
  });
  await universalResponseToNodeResponse(await handler({ ...universal, body: bodyOf(request) }), response);
}

/** Connect hands a deadline to a timer, and one that it cannot hold goes off at once: such a deadline is as good as none. */
function forgetEndlessTimeout(header: Headers, maxTimeoutMs: number): void {
  const grpc = header.get("grpc-timeout");
  if (grpc !== null && Number(parseGrpcTimeout(grpc)) > maxTimeoutMs) {
    header.delete("grpc-timeout");
  }
  if (Number(header.get("connect-timeout-ms") ?? 0) > maxTimeoutMs) {
    header.delete("connect-timeout-ms");
  }
}

/** The body of a request, which outlives a reader that gives up in the middle. */
function bodyOf(request: NodeRequest): AsyncIterable<Uint8Array> {
  const chunks = request.iterator({ destroyOnReturn: false });
  const stop = async () => {
    await chunks.return?.();
    return { done: true, value: undefined } as const;
  };
  return { [Symbol.asyncIterator]: () => ({ next: () => chunks.next(), return: stop, throw: stop }) };
}

/** Sees to it that a failed stream says what `translate` says, as unary calls do. */
function translating(runtime: UnaryRuntime): Interceptor {
  return (next) => async (request) => {
    const response = await guard(runtime, () => next(request));
    return response.stream ? { ...response, message: translateErrors(runtime, response.message) } : response;
  };
}

async function* translateErrors<T>(runtime: UnaryRuntime, messages: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (reason) {
    throw runtime.translate(reason);
  }
}

async function guard<T>(runtime: UnaryRuntime, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (reason) {
    throw runtime.translate(reason);
  }
}
