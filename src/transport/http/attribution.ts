import { errorCode } from "../../base/index.ts";
/** A part of a connection that can be destroyed after an uncaught error. */
export interface Endable {
  destroy(): unknown;
}

/** Each error that a part of a connection has reported, with that part. The same error may occur again, uncaught. */
const reported = new WeakMap<object, Endable>();

/** Records the part that an error comes from. False when already recorded: several parts may report the same error. */
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
 * Whether an uncaught error belongs to a single connection, which is then destroyed. It does when a part of a
 * connection has reported this error or its `cause`, or when it has a peer's code and only Node's HTTP server on its
 * stack. A bare socket error cannot be attributed: the database has sockets, too.
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

/** The code of a Node error, or of its `cause`. */
export function codeOf(error: unknown): string | undefined {
  return chainOf(error)
    .map(errorCode)
    .find((code) => code !== undefined);
}

/** An error and its chain of causes, up to 4 in all. */
function chainOf(error: unknown): readonly object[] {
  const chain: object[] = [];
  for (let one = error; typeof one === "object" && one !== null && chain.length < 4; ) {
    chain.push(one);
    one = "cause" in one ? one.cause : undefined;
  }
  return chain;
}

/** Whether a code of sockets, TLS, HTTP/1.1 or HTTP/2 means that the peer disconnected or violated the protocol. */
export function isPeerCode(code: string | undefined): boolean {
  return code !== undefined && peerCodes.some((known) => known.test(code));
}

const peerCodes: readonly RegExp[] = [
  /^E(CONNRESET|CONNABORTED|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTCONN|PROTO)$/,
  /^HPE_/,
  /^ERR_HTTP_REQUEST_TIMEOUT$/,
  /^HTTP2_/,
  /^ERR_(SSL|TLS)_/,
  /^(ERR_STREAM_(PREMATURE_CLOSE|DESTROYED|WRITE_AFTER_END)|ABORT_ERR)$/,
];

/** Whether the stack contains Node's HTTP server and no code outside Node. Our own outgoing requests do not match. */
function isMadeByProtocol(error: unknown): boolean {
  const stack = error instanceof Error ? error.stack : undefined;
  const frames = (stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
  return frames.every((frame) => /[ (]node:/.test(frame)) && frames.some((frame) => serverFrame.test(frame));
}

const serverFrame = /[ (]node:(_http_server|_http_incoming)/;
