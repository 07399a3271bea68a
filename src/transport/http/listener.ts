import { createPrivateKey } from "node:crypto";
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from "node:http2";
import { createServer as createHttpsServer, Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import { createSecureContext } from "node:tls";
import { errorCode } from "../../base/index.ts";
import type { Limits } from "../limits.ts";
import type { ServerOptions } from "../options.ts";
import { type Connection, Connections } from "./connections.ts";
import type { ReportFault } from "./faults.ts";
import { outliveStreams } from "./session-lifetime.ts";
import { sniff } from "./sniff.ts";

/** The port: one listening server, and one server for each HTTP version behind it. */
export interface Listener {
  /** The listening server. It serves HTTP/1.1 itself and passes HTTP/2 connections to `http2`. */
  readonly http1: HttpServer;
  readonly http2: Http2Server;
  readonly sockets: ReadonlySet<Socket>;
  readonly sessions: ReadonlySet<ServerHttp2Session>;
  readonly connections: Connections;
  /** Sets certificate and key for new connections. Throws, and changes nothing, when they are unusable. */
  setTls(tls: Tls): void;
}

export type Tls = NonNullable<ServerOptions["tls"]>;

export function createListener(limits: Limits, tls: Tls | undefined, report: ReportFault): Listener {
  const http1 = createHttp1(limits, tls);
  const http2 = createHttp2(limits);
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  const connections = new Connections(limits, () => sockets.size);
  http1.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", (error) => report("socket", error, socket));
  });
  http2.on("session", (session) => {
    session.setLocalWindowSize(limits.sessionWindowBytes);
    sessions.add(session);
    outliveStreams(session);
    // Sniffing has seen only the first bytes of the preface; the client must also send its SETTINGS in time.
    const silence = setTimeout(() => session.destroy(), limits.headersTimeoutMs);
    session.once("remoteSettings", () => clearTimeout(silence));
    session.once("close", () => {
      clearTimeout(silence);
      sessions.delete(session);
    });
  });
  http2.on("sessionError", (error, session) => report("session", error, session));
  http1.on("tlsClientError", (error: unknown, socket: Socket) => report("tls", error, socket));
  http1.on("clientError", (error: unknown, socket: Socket) => {
    report("socket", error, socket);
    refuseUnparsed(error, socket, connections.get(socket));
  });
  // What accepting a connection can fail of, once it listens: too many open files.
  http1.on("error", (error) => {
    if (http1.listening) {
      report("listener", error, { destroy() {} });
    }
  });
  routeConnections({ http1, http2, limits, connections, report, isTls: tls !== undefined });
  return { http1, http2, sockets, sessions, connections, setTls: (next) => setTls(http1, next) };
}

/**
 * Responds to a request that could not be parsed, and closes the connection. Sends no response where the client would
 * take it for that of another request: behind a call in flight, or after a response sent before the end of its request.
 */
function refuseUnparsed(error: unknown, socket: Socket, connection: Connection | undefined): void {
  const code = errorCode(error) ?? "";
  const latest = connection?.latest;
  const isOfLatest = latest !== undefined && !latest.req.complete;
  const mayAnswer = isOfLatest ? connection?.openAnswers === 1 && !latest.headersSent : connection?.openAnswers === 0;
  if (mayAnswer && socket.writable) {
    socket.end(`HTTP/1.1 ${unparsedStatus[code] ?? "400 Bad Request"}\r\nConnection: close\r\n\r\n`);
    socket.destroySoon();
  } else {
    socket.destroy();
  }
}

const unparsedStatus: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

interface Routing {
  readonly http1: HttpServer;
  readonly http2: Http2Server;
  readonly limits: Limits;
  readonly connections: Connections;
  readonly report: ReportFault;
  readonly isTls: boolean;
}

/** Replaces the connection listener of `http1` by one that routes each connection by its protocol. */
function routeConnections({ http1, http2, limits, connections, report, isTls }: Routing): void {
  const event = isTls ? "secureConnection" : "connection";
  const [takeHttp1] = http1.listeners(event) as ((socket: Socket) => void)[];
  if (takeHttp1 === undefined) {
    throw new Error(`node:http listens to no ${event}`);
  }
  http1.removeListener(event, takeHttp1);
  const take = (connection: Connection, isHttp2: boolean) => {
    const { socket } = connection;
    if (isHttp2) {
      // node:http allows half-open sockets, and node:http2 would never close its half after the peer's.
      socket.allowHalfOpen = false;
      http2.once("session", (session) => connections.setSession(connection, session));
      http2.emit("connection", socket);
      return;
    }
    takeHttp1.call(http1, socket);
    if (isTls) {
      // Without a `data` listener, node:http consumes the handle directly, and a paused TLS socket still delivers
      // bytes: the connection fails with "Parse Error: Paused" when a request closely follows a long response.
      socket.on("data", () => {});
    }
  };
  http1.on(event, (socket: Socket & { readonly alpnProtocol?: string | false }) => {
    socket.setNoDelay(true);
    const connection = connections.add(socket);
    if (isTls) {
      socket.on("error", (error) => report("tls", error, socket));
      take(connection, socket.alpnProtocol === "h2");
    } else {
      sniff(socket, limits.sniffTimeoutMs, (isHttp2) => take(connection, isHttp2));
    }
  });
}

function createHttp1(limits: Limits, tls: Tls | undefined): HttpServer {
  const options = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: 1_000,
    noDelay: true,
    // TCP keep-alive detects a peer that vanished without closing within a quarter of an hour.
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    insecureHTTPParser: false,
  };
  const server = tls === undefined ? createHttpServer(options) : createHttpsServer({ ...options, ...tlsOptions(tls) });
  server.maxHeadersCount = limits.maxHeaders;
  server.maxConnections = limits.maxConnections;
  return server;
}

function setTls(server: HttpServer, tls: Tls): void {
  if (!(server instanceof HttpsServer)) {
    throw new Error("the port speaks plain text");
  }
  const options = tlsOptions(tls);
  // `setSecureContext` would apply a part before it throws, and accepts a missing key, so both are checked first.
  createPrivateKey(options.key);
  createSecureContext(options);
  server.setSecureContext(options);
}

function tlsOptions({ cert, key }: Tls) {
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
      // Above this limit Node resets the stream without a response. Between our limit and this one, the client gets an
      // error.
      maxHeaderListSize: 4 * limits.maxHeaderBytes,
      enablePush: false,
    },
    maxHeaderListPairs: 4 * limits.maxHeaders,
    maxSessionMemory: limits.maxSessionMemoryMb,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    maxOutstandingPings: 10,
    maxSettings: 32,
    // Our own limit applies first and sends an error; Node's catches resets that all arrive before ours is checked.
    streamResetBurst: limits.streamResetBurst + 10_000,
    streamResetRate: 2 * limits.streamResetRate,
    unknownProtocolTimeout: limits.sniffTimeoutMs,
  });
}
