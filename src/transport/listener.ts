import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from "node:http2";
import { createServer as createHttpsServer, Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { Limits } from "./limits.ts";
import type { ConnectionFault, ServerOptions } from "./options.ts";
import { sniff } from "./sniff.ts";

/** The port: one listening server, and behind it one server for each version of HTTP. */
export interface Listener {
  /** The one that listens. It speaks HTTP/1.1 itself and hands HTTP/2 connections on. */
  readonly http1: HttpServer;
  readonly http2: Http2Server;
  readonly sockets: ReadonlySet<Socket>;
  readonly sessions: ReadonlySet<ServerHttp2Session>;
  setTls(tls: NonNullable<ServerOptions["tls"]>): void;
}

export function createListener(
  limits: Limits,
  tls: ServerOptions["tls"],
  onFault: (fault: ConnectionFault) => void,
): Listener {
  const http1 = createHttp1(limits, tls);
  const http2 = createHttp2(limits);
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  http1.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", (error) => onFault({ where: "socket", error }));
  });
  http2.on("session", (session) => {
    session.setLocalWindowSize(limits.sessionWindowBytes);
    sessions.add(session);
    // The beginning of a preface is not yet somebody who speaks HTTP/2.
    const silence = setTimeout(() => session.destroy(), limits.headersTimeoutMs);
    session.once("remoteSettings", () => clearTimeout(silence));
    session.once("close", () => {
      clearTimeout(silence);
      sessions.delete(session);
    });
  });
  http2.on("sessionError", (error) => onFault({ where: "session", error }));
  http1.on("tlsClientError", (error: unknown) => onFault({ where: "tls", error }));
  routeConnections(http1, http2, limits, tls !== undefined);
  const setTls = (next: NonNullable<ServerOptions["tls"]>) => {
    if (http1 instanceof HttpsServer) {
      http1.setSecureContext(tlsOptions(next));
    }
  };
  return { http1, http2, sockets, sessions, setTls };
}

/** Puts a choice in the place of the listener with which `http1` takes every connection. */
function routeConnections(http1: HttpServer, http2: Http2Server, limits: Limits, isTls: boolean): void {
  const event = isTls ? "secureConnection" : "connection";
  const [takeHttp1] = http1.listeners(event) as ((socket: Socket) => void)[];
  if (takeHttp1 === undefined) {
    throw new Error(`node:http listens to no ${event}`);
  }
  http1.removeListener(event, takeHttp1);
  const take = (socket: Socket, isHttp2: boolean) => {
    if (isHttp2) {
      // node:http leaves sockets half open, and node:http2 would never end its half of one whose peer is gone.
      socket.allowHalfOpen = false;
      http2.emit("connection", socket);
      return;
    }
    takeHttp1.call(http1, socket);
    if (isTls) {
      // Otherwise node:http takes bytes past the stream, and a paused TLS socket still gives some: the connection dies of
      // "Parse Error: Paused" when a request follows closely on a long answer.
      socket.on("data", () => {});
    }
  };
  http1.on(event, (socket: Socket & { readonly alpnProtocol?: string | false }) => {
    socket.setNoDelay(true);
    if (isTls) {
      take(socket, socket.alpnProtocol === "h2");
    } else {
      sniff(socket, limits.sniffTimeoutMs, (isHttp2) => take(socket, isHttp2));
    }
  });
}

function createHttp1(limits: Limits, tls: ServerOptions["tls"]): HttpServer {
  const options = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: 1_000,
    noDelay: true,
    // A peer that is gone without a word is found out in a quarter of an hour.
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    insecureHTTPParser: false,
  };
  const server = tls === undefined ? createHttpServer(options) : createHttpsServer({ ...options, ...tlsOptions(tls) });
  server.maxHeadersCount = limits.maxHeaders;
  server.maxConnections = limits.maxConnections;
  return server;
}

function tlsOptions({ cert, key }: NonNullable<ServerOptions["tls"]>) {
  const toText = (pem: string | Uint8Array) => (typeof pem === "string" ? pem : Buffer.from(pem));
  return {
    cert: toText(cert),
    key: toText(key),
    ALPNProtocols: ["h2", "http/1.1"],
    minVersion: "TLSv1.2" as const,
    handshakeTimeout: 10_000,
  };
}

function createHttp2(limits: Limits): Http2Server {
  return createHttp2Server({
    settings: {
      maxConcurrentStreams: limits.maxConcurrentStreams,
      initialWindowSize: limits.streamWindowBytes,
      // Beyond this Node resets the stream without a word. What is over our own bounds and within this hears why.
      maxHeaderListSize: 4 * limits.maxHeaderBytes,
      enablePush: false,
    },
    maxHeaderListPairs: 4 * limits.maxHeaders,
    maxSessionMemory: limits.maxSessionMemoryMb,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    maxOutstandingPings: 10,
    maxSettings: 32,
    streamResetBurst: limits.streamResetBurst,
    streamResetRate: limits.streamResetRate,
    unknownProtocolTimeout: limits.sniffTimeoutMs,
  });
}
