import { errorCode } from "../domain/error-code.ts";

/** Whatever of a connection can be ended when an error turns up that nobody has handled. */
export interface Endable {
  destroy(): unknown;
}

/** Every error that a part of a connection has reported, and that part. The same error may come up again, uncaught. */
const reported = new WeakMap<object, Endable>();

/** Remembers whose error it is. False when it is known already: several parts of one connection report the same. */
export function attribute(error: unknown, part: Endable): boolean {
  if (typeof error !== "object" || error === null) {
    return true;
  }
  if (reported.has(error)) {
    return false;
  }
  reported.set(error, part);
  return true;
}

/**
 * Whether an uncaught error stems from one connection; what is left of that connection is ended then. It does when a part
 * of a connection has reported this very error, or one that it wraps, or when the protocol code of Node made it alone.
 * A bare error of a socket stems from nowhere in particular: the database has sockets too.
 */
export function endFaultyConnection(error: unknown): boolean {
  for (const one of chainOf(error)) {
    const part = reported.get(one);
    if (part !== undefined) {
      part.destroy();
      return true;
    }
  }
  return isPeerCode(codeOf(error)) && isMadeByProtocol(error);
}

/** The code of an error of Node, or of the one that it wraps. */
export function codeOf(error: unknown): string | undefined {
  return chainOf(error)
    .map(errorCode)
    .find((code) => code !== undefined);
}

/** An error, what it wraps, and so on, to a depth that nobody means. */
function chainOf(error: unknown): readonly object[] {
  const chain: object[] = [];
  for (let one = error; typeof one === "object" && one !== null && chain.length < 4; ) {
    chain.push(one);
    one = "cause" in one ? one.cause : undefined;
  }
  return chain;
}

/** What sockets, TLS, HTTP/1.1 and HTTP/2 say of a peer: it went away, or it broke the protocol. */
export function isPeerCode(code: string | undefined): boolean {
  return code !== undefined && peerCodes.some((known) => known.test(code));
}

const peerCodes: readonly RegExp[] = [
  /^E(CONNRESET|CONNABORTED|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTCONN|PROTO)$/,
  /^HPE_/,
  /^ERR_HTTP_REQUEST_TIMEOUT$/,
  /^ERR_HTTP2_(ERROR|STREAM_ERROR|SESSION_ERROR|STREAM_CANCEL|INVALID_STREAM|INVALID_SESSION|GOAWAY_SESSION|TOO_MANY_INVALID_FRAMES)$/,
  /^ERR_(SSL|TLS)_/,
  /^(ERR_STREAM_(PREMATURE_CLOSE|DESTROYED|WRITE_AFTER_END)|ABORT_ERR|ENHANCE_YOUR_CALM)$/,
];

/** Whether the stack has the server side of HTTP in it and nothing outside of Node: requests of our own go another way. */
function isMadeByProtocol(error: unknown): boolean {
  const stack = error instanceof Error ? error.stack : undefined;
  const frames = (stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
  return frames.every((frame) => /[ (]node:/.test(frame)) && frames.some((frame) => serverFrame.test(frame));
}

const serverFrame = /[ (]node:(_http_server|_http_incoming|internal\/http2\/)/;
