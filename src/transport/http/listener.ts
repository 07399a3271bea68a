import { createPrivateKey } from "node:crypto";
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { createServer as createHttpsServer, Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import { createSecureContext } from "node:tls";
import { errorCode } from "../../base/index.ts";
import { Http2Session } from "../http2/session.ts";
import type { Http2Stream } from "../http2/stream.ts";
import type { Limits } from "../limits.ts";
import type { ServerOptions } from "../options.ts";
import { type Connection, Connections } from "./connections.ts";
import type { ReportFault } from "./faults.ts";
import { sniff } from "./sniff.ts";

/** The port: one listening server, which takes connections of both HTTP versions. */
export interface Listener {
  /** The listening server. It serves HTTP/1.1 itself. */
  readonly http1: HttpServer;
  readonly sockets: ReadonlySet<Socket>;
  readonly connections: Connections;
  /** Sets what is called for each HTTP/2 connection: it returns what takes the streams. MUST be called before listening. */
  serveStreams(open: ServeConnection): void;
  /** Sets what is called for each connection of another protocol: it may hand it over to node:http. The same. */
  servePlain(open: ServePlain): void;
  /** Asks every HTTP/2 peer to close, those of later connections too. */
  drainSessions(): void;
  /** Sets certificate and key for new connections. Throws, and changes nothing, when they are unusable. */
  setTls(tls: Tls): void;
}

type ServePlain = (connection: Connection, handOver: () => void) => void;
type ServeConnection = (connection: Connection) => (stream: Http2Stream) => void;

export type Tls = NonNullable<ServerOptions["tls"]>;

export function createListener(limits: Limits, tls: Tls | undefined, report: ReportFault): Listener {
  const http1 = createHttp1(limits, tls);
  const sockets = new Set<Socket>();
  const connections = new Connections(limits, () => sockets.size);
  http1.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", (error) => report("socket", error, socket));
  });
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
  let open: ServeConnection | undefined;
  let openPlain: ServePlain = (_, handOver) => handOver();
  let isDraining = false;
  const takeHttp2 = (connection: Connection) => {
    const { socket } = connection;
    // node:http allows half-open sockets, and a session does not outlive the peer's half.
    socket.allowHalfOpen = false;
    connection.idleTimeoutMs = limits.sessionIdleTimeoutMs;
    connection.session = new Http2Session(socket, limits, {
      onStream: open?.(connection) ?? (() => undefined),
      onReset: () => connection.countReset(limits),
      onIdle: () => connection.becameIdle(),
      onError: (error) => report("session", error, socket),
    });
    if (isDraining) {
      connection.session.drain();
    }
  };
  const takePlain: ServePlain = (connection, handOver) => openPlain(connection, handOver);
  routeConnections({ http1, takeHttp2, takePlain, limits, connections, report, isTls: tls !== undefined });
  return {
    http1,
    sockets,
    connections,
    setTls: (next) => setTls(http1, next),
    serveStreams(serve) {
      open = serve;
    },
    servePlain(serve) {
      openPlain = serve;
    },
    drainSessions() {
      isDraining = true;
      for (const socket of sockets) {
        connections.get(socket)?.session?.drain();
      }
    },
  };
}

/**
 * Responds to a request that could not be parsed, and closes the connection. Sends no response where the client would
 * take it for that of another request: behind a call in flight, or after a response sent before the end of its request.
 * Nor to another protocol, such as an HTTP/2 preface that is not right (RFC 9113 §3.4).
 */
function refuseUnparsed(error: unknown, socket: Socket, connection: Connection | undefined): void {
  const code = errorCode(error) ?? "";
  const latest = connection?.latest;
  const isOfLatest = latest !== undefined && !latest.req.complete;
  const mayAnswer = isOfLatest ? connection?.openAnswers === 1 && !latest.headersSent : connection?.openAnswers === 0;
  if (mayAnswer && socket.writable && !isOfOtherProtocol(error)) {
    socket.end(`HTTP/1.1 ${unparsedStatus[code] ?? "400 Bad Request"}\r\nConnection: close\r\n\r\n`);
    socket.destroySoon();
  } else {
    socket.destroy();
  }
}

/** Whether the first line has the form of a request's and names no version of HTTP. */
function isOfOtherProtocol(error: unknown): boolean {
  const packet: unknown = typeof error === "object" && error !== null && "rawPacket" in error ? error.rawPacket : "";
  const [firstLine = ""] = String(packet).slice(0, firstLineLength).split("\r\n", 1);
  return /^\S+ \S+ (?!HTTP\/)\S+$/.test(firstLine);
}

/** So much of a line is looked at. */
const firstLineLength = 256;

const unparsedStatus: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

interface Routing {
  readonly http1: HttpServer;
  readonly takeHttp2: (connection: Connection) => void;
  readonly takePlain: ServePlain;
  readonly limits: Limits;
  readonly connections: Connections;
  readonly report: ReportFault;
  readonly isTls: boolean;
}

/** Replaces the connection listener of `http1` by one that routes each connection by its protocol. */
function routeConnections({ http1, takeHttp2, takePlain, limits, connections, report, isTls }: Routing): void {
  const event = isTls ? "secureConnection" : "connection";
  const [takeHttp1] = http1.listeners(event) as ((socket: Socket) => void)[];
  if (takeHttp1 === undefined) {
    throw new Error(`node:http listens to no ${event}`);
  }
  http1.removeListener(event, takeHttp1);
  const handOver = ({ socket }: Connection) => {
    takeHttp1.call(http1, socket);
    if (isTls) {
      // Without a `data` listener, node:http consumes the handle directly, and a paused TLS socket still delivers
      // bytes: the connection fails with "Parse Error: Paused" when a request closely follows a long response.
      socket.on("data", () => {});
    }
  };
  const take = (connection: Connection, isHttp2: boolean) => {
    if (isHttp2) {
      takeHttp2(connection);
    } else if (limits.maxPlainRequestBytes === 0) {
      handOver(connection);
    } else {
      takePlain(connection, () => handOver(connection));
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
