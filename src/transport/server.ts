import { once } from "node:events";
import { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { AddressInfo } from "node:net";
import { createRegistry } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { BodyBudget } from "./body-budget.ts";
import { closeListener } from "./closing.ts";
import { createDispatcher, pathOf } from "./dispatch.ts";
import type { Exchange } from "./exchange.ts";
import { Http1Exchange } from "./exchange-http1.ts";
import { Http2Exchange } from "./exchange-http2.ts";
import { isOversized } from "./headers.ts";
import { bindHealth } from "./health.ts";
import { compileSurface } from "./json-surface.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { createListener, type Listener } from "./listener.ts";
import { compileMethods } from "./methods.ts";
import type { ConnectionFault, ServerOptions } from "./options.ts";
import { Places, publicCallBounds, publicStreamBounds } from "./places.ts";
import { bindReflection, filesOf } from "./reflection.ts";
import { compileStreams, type StreamHandler } from "./streams.ts";
import { guardTranslate, type UnaryRuntime } from "./unary.ts";

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** One port that speaks gRPC, gRPC-Web, Connect and JSON over HTTP, in plain text or in TLS. */
export interface ZscServer {
  /** Begins to listen; port 0 takes a free one. Rejects when the address cannot be had. */
  listen(address: Address): Promise<Address>;
  /**
   * Takes no more connections and calls, lets those in flight finish for `graceMs`, then ends every connection.
   * Resolves when the last connection is gone. Calling it again waits for the same end.
   */
  close(graceMs: number): Promise<void>;
  /** What connections from now on are shown, on a port that speaks TLS. PEM. */
  setTls(tls: NonNullable<ServerOptions["tls"]>): void;
}

/** Compiles services, surfaces and routes once. Throws when they do not fit together. Nothing is opened yet. */
export function createServer(options: ServerOptions): ZscServer {
  const limits = { ...defaultLimits, ...options.limits };
  const { admit, check, onCall, shareOf, interceptors = [] } = options;
  const translate = guardTranslate(options.translate);
  const publicCalls = new Places(publicCallBounds(limits));
  const runtime: UnaryRuntime = { limits, admit, check, onCall, shareOf, translate, publicCalls };
  const onFault = options.onFault ?? ((_: ConnectionFault) => {});
  const closing = new AbortController();

  const health = bindHealth(
    options.health,
    options.services.map(({ service }) => service.typeName),
  );
  const own = [health, ...bindReflection([...options.services, health])];
  for (const { service, public: isPublic } of [...options.services, ...own]) {
    for (const method of service.methods) {
      options.approve?.(method, isPublic);
    }
  }
  const registry = createRegistry(...filesOf([...options.services, ...own]));
  const bounds = { limits, sizes: options.sizes };
  const methods = compileMethods(options.services, interceptors, registry, bounds);
  const surfaces = (options.jsonSurfaces ?? []).map((one) =>
    compileSurface(one, [...methods.values()], registry, runtime, options.sizes),
  );
  const streamOptions = {
    runtime,
    registry,
    allowJson: options.jsonStreams === true,
    publicStreams: new Places(publicStreamBounds(limits)),
    closing: closing.signal,
    onFault,
  };
  const streams = new Map([
    ...compileStreams(options.services, { ...streamOptions, interceptors }),
    ...compileStreams(own, { ...streamOptions, interceptors: [] }),
  ]);
  const dispatch = createDispatcher({
    runtime,
    methods: new Map([...methods, ...compileMethods(own, [], registry, bounds)]),
    surfaces,
    health: options.health,
  });

  const listener = createListener(limits, options.tls, onFault);
  serveRequests(listener, {
    limits,
    streams,
    dispatch,
    closing: closing.signal,
    budget: new BodyBudget(limits),
    onFault,
  });
  let end: Promise<void> | undefined;
  return {
    async listen({ host, port }) {
      listener.http1.listen({ host, port });
      await once(listener.http1, "listening");
      const address = listener.http1.address() as AddressInfo;
      return { host, port: address.port };
    },
    setTls: (tls) => listener.setTls(tls),
    close(graceMs) {
      closing.abort(new ConnectError("the server is shutting down", Code.Unavailable));
      end ??= closeListener(listener, graceMs);
      return end;
    },
  };
}

interface Serving {
  readonly limits: Limits;
  readonly streams: ReadonlyMap<string, StreamHandler>;
  readonly dispatch: (exchange: Exchange) => void;
  readonly closing: AbortSignal;
  readonly budget: BodyBudget;
  readonly onFault: (fault: ConnectionFault) => void;
}

function serveRequests(listener: Listener, serving: Serving): void {
  const { limits, streams, dispatch, closing, budget, onFault } = serving;
  listener.http1.on("request", (request, response) => {
    response.on("error", (error) => onFault({ where: "request", error }));
    const stream = streams.get(pathOf(request.url ?? "/"));
    if (stream !== undefined && !isOversized(request.rawHeaders, limits)) {
      stream(request, response);
    } else {
      dispatch(new Http1Exchange(request, response, budget, () => closing.aborted));
    }
  });
  listener.http2.on("stream", (stream, headers, _flags, rawHeaders) => {
    stream.on("error", (error) => onFault({ where: "stream", error }));
    const handle = streams.get(pathOf(String(headers[":path"])));
    if (handle !== undefined && !isOversized(rawHeaders, limits)) {
      handle(new Http2ServerRequest(stream, headers, {}, rawHeaders), new Http2ServerResponse(stream));
    } else {
      dispatch(new Http2Exchange(stream, headers, rawHeaders, budget, limits.requestTimeoutMs));
    }
  });
}
