import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, Http2ServerRequest, Http2ServerResponse, type ServerHttp2Stream } from "node:http2";
import { type Dispatcher, pathOf } from "../dispatch.ts";
import type { StreamHandler } from "../framings/streams.ts";
import type { Limits } from "../limits.ts";
import type { BodyBudget } from "./body-budget.ts";
import type { Connection } from "./connections.ts";
import { Http1Exchange } from "./exchange-http1.ts";
import { Http2Exchange } from "./exchange-http2.ts";
import type { ReportFault } from "./faults.ts";
import { isOversized } from "./headers.ts";
import type { Listener } from "./listener.ts";
import { mistakeInHttp1, mistakeInHttp2 } from "./well-formed.ts";

interface Serving {
  readonly streams: ReadonlyMap<string, StreamHandler>;
  readonly dispatch: Dispatcher;
  readonly isDraining: () => boolean;
  readonly budget: BodyBudget;
  readonly limits: Limits;
  readonly report: ReportFault;
}

/** Adds an `error` listener to every emitter before any other use: without one, an error would be uncaught. */
export function serveRequests(listener: Listener, serving: Serving): void {
  const { http1, http2 } = listener;
  http1.on("request", (request, response) => serveHttp1(listener, serving, request, response, false));
  http1.on("checkContinue", (request, response) => serveHttp1(listener, serving, request, response, true));
  http1.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
    listenHttp1(listener, serving, request, response);
    response.writeHead(417, { "content-length": "0", connection: "close" }).end();
  });
  http2.on("stream", (stream, headers, _flags, rawHeaders) => {
    const { streams, dispatch, budget, limits, report } = serving;
    stream.on("error", (error) => report("stream", error, stream));
    const connection = listener.connections.get(stream.session);
    if (connection?.isCondemned === true) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    connection?.begin(stream);
    stream.on("close", () => {
      connection?.end(stream);
      if (stream.aborted && stream.rstCode !== constants.NGHTTP2_NO_ERROR) {
        connection?.countReset(limits);
      }
    });
    const { requestTimeoutMs } = limits;
    guard(report, stream, () => {
      const mistake = mistakeInHttp2(headers);
      const handle = mistake === undefined ? streams.get(pathOf(headers[":path"] ?? "")) : undefined;
      if (handle !== undefined && !isOversized(rawHeaders, limits)) {
        stream.on("drain", () => connection?.move(stream));
        handle(new Http2ServerRequest(stream, headers, {}, rawHeaders), new Http2ServerResponse(stream));
      } else {
        dispatch(new Http2Exchange(stream, headers, rawHeaders, { budget, connection, requestTimeoutMs }), mistake);
      }
    });
  });
}

function serveHttp1(
  listener: Listener,
  serving: Serving,
  request: IncomingMessage,
  response: ServerResponse,
  awaitsContinue: boolean,
): void {
  const { streams, dispatch, budget, isDraining, limits, report } = serving;
  const connection = listenHttp1(listener, serving, request, response);
  guard(report, response, () => {
    const mistake = mistakeInHttp1(request);
    const stream = mistake === undefined ? streams.get(pathOf(request.url ?? "/")) : undefined;
    if (stream !== undefined && !isOversized(request.rawHeaders, limits)) {
      if (awaitsContinue) {
        response.writeContinue();
      }
      stream(request, response);
    } else {
      if (mistake !== undefined) {
        // It is ambiguous where the next request begins.
        response.shouldKeepAlive = false;
      }
      dispatch(new Http1Exchange(request, response, { budget, connection, isDraining, awaitsContinue }), mistake);
    }
  });
}

function listenHttp1(
  listener: Listener,
  { report }: Serving,
  request: IncomingMessage,
  response: ServerResponse,
): Connection | undefined {
  request.on("error", (error) => report("request", error, response));
  response.on("error", (error) => report("request", error, response));
  const connection = listener.connections.get(request.socket);
  if (connection !== undefined) {
    connection.latest = response;
    connection.begin(response);
    response.on("close", () => connection.end(response));
  }
  return connection;
}

/** Confines an exception to its request, so that a bug does not end the process. */
function guard(report: ReportFault, part: ServerResponse | ServerHttp2Stream, action: () => void): void {
  try {
    action();
  } catch (error) {
    report("request", error, part);
    part.destroy();
  }
}
