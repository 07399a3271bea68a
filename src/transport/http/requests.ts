import type { IncomingMessage, ServerResponse } from "node:http";
import type { Dispatcher } from "../dispatch.ts";
import { Lane } from "../http1/lane.ts";
import { errorCodes } from "../http2/protocol.ts";
import type { Http2Stream } from "../http2/stream.ts";
import type { Limits } from "../limits.ts";
import type { BodyBudget } from "./body-budget.ts";
import type { Exchange } from "./exchange.ts";
import { Http1Exchange } from "./exchange-http1.ts";
import { Http2Exchange } from "./exchange-http2.ts";
import type { ReportFault } from "./faults.ts";
import type { Listener } from "./listener.ts";
import { NodeAnswer } from "./node-answer.ts";
import { peerOf } from "./peer.ts";
import { mistakeInHttp1, mistakeInHttp2 } from "./well-formed.ts";

interface Serving {
  readonly dispatch: Dispatcher;
  readonly isDraining: () => boolean;
  readonly budget: BodyBudget;
  readonly limits: Limits;
  readonly report: ReportFault;
}

/** Adds an `error` listener to every emitter before any other use: without one, an error would be uncaught. */
export function serveRequests(listener: Listener, serving: Serving): void {
  const { http1 } = listener;
  http1.on("request", (request, response) => serveHttp1(listener, serving, request, response, false));
  http1.on("checkContinue", (request, response) => serveHttp1(listener, serving, request, response, true));
  http1.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
    listenHttp1(listener, serving, request, response);
    response.writeHead(417, { "content-length": "0", connection: "close" }).end();
  });
  const { dispatch, budget, limits, isDraining, report } = serving;
  const { requestTimeoutMs } = limits;
  listener.servePlain((connection, handOver) => {
    const { socket } = connection;
    const serve = (exchange: Exchange) => {
      try {
        dispatch(exchange, undefined);
      } catch (error) {
        report("request", error, socket);
        socket.destroy();
      }
    };
    new Lane(connection, { limits, isDraining, serve, handOver });
  });
  listener.serveStreams((connection) => {
    const { socket } = connection;
    const circumstances = { budget, socket, peer: peerOf(socket), requestTimeoutMs };
    return (stream: Http2Stream) => {
      if (connection.isCondemned) {
        stream.reset(errorCodes.REFUSED_STREAM);
        return;
      }
      try {
        dispatch(new Http2Exchange(stream, circumstances), mistakeInHttp2(stream.head));
      } catch (error) {
        // A bug ends its request, not the process.
        report("request", error, { destroy: () => stream.reset(errorCodes.INTERNAL_ERROR) });
        stream.reset(errorCodes.INTERNAL_ERROR);
      }
    };
  });
}

function serveHttp1(
  listener: Listener,
  serving: Serving,
  request: IncomingMessage,
  response: ServerResponse,
  awaitsContinue: boolean,
): void {
  const { dispatch, budget, isDraining, limits, report } = serving;
  const moved = listenHttp1(listener, serving, request, response);
  try {
    const mistake = mistakeInHttp1(request);
    if (mistake !== undefined) {
      // It is ambiguous where the next request begins.
      response.shouldKeepAlive = false;
    }
    const circumstances = { limits, budget, moved, isDraining, awaitsContinue };
    dispatch(new Http1Exchange(request, response, circumstances), mistake);
  } catch (error) {
    report("request", error, response);
    response.destroy();
  }
}

/** Returns what records that the peer has received a part of the response. */
function listenHttp1(
  listener: Listener,
  { report }: Serving,
  request: IncomingMessage,
  response: ServerResponse,
): () => void {
  request.on("error", (error) => report("request", error, response));
  response.on("error", (error) => report("request", error, response));
  const connection = listener.connections.get(request.socket);
  if (connection === undefined) {
    return () => undefined;
  }
  const answer = new NodeAnswer(response);
  connection.latest = response;
  connection.begin(answer);
  response.on("close", () => connection.end(answer));
  return () => connection.move(answer);
}
