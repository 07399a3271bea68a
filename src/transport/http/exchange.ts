import type { CallOrigin, ClientCertificate } from "../options.ts";
import type { CallHeaders, HeaderRecord } from "./headers.ts";
import type { Peer } from "./peer.ts";

/** The result of reading a body; `crowded_out`: the limits for all incomplete bodies together are used up. */
export type BodyResult = Uint8Array | "too_large" | "cut_off" | "crowded_out";

export interface Reply {
  readonly status: number;
  readonly header: HeaderRecord;
  readonly body?: Uint8Array | string;
  /** HTTP/2 only. */
  readonly trailer?: HeaderRecord;
}

/** A reply whose body is made while it is sent. */
export interface StreamedReply {
  readonly status: number;
  readonly header: HeaderRecord;
  readonly body: AsyncIterable<string | Uint8Array>;
  /** HTTP/2 only. Called at the end of the body. */
  readonly trailer?: () => HeaderRecord | undefined;
  /** Whether the body may pause and last for any time. By default it MUST go on, and end, in time. */
  readonly isEndless?: boolean;
}

/**
 * One HTTP request and its response, independent of the HTTP version. Framings access the wire only through this.
 *
 * Callers MUST send exactly one reply unless the peer has disconnected, and MAY read the body at most once.
 */
export interface Exchange extends CallOrigin {
  readonly httpVersion: 1 | 2;
  readonly httpMethod: string;
  /** Path and query, not decoded. */
  readonly target: string;
  readonly header: CallHeaders;
  /** Whether the header section exceeds the limits; `header` may lack a part of it. */
  readonly isOversized: boolean;
  /** The scheme and authority that the caller addressed. */
  readonly origin: string;
  /** The address of the peer's socket; empty once it is closed. */
  readonly peerAddress: string;
  /** The verified client certificate, if any. */
  readonly certificate: ClientCertificate | undefined;
  readonly contentType: string | undefined;
  readonly peer: Peer;
  /**
   * Calls `done` once, asynchronously. A body of more than `maxBytes` is discarded. `share` is the principal that the
   * body is charged to while it is incomplete.
   */
  readBody(maxBytes: number, share: string | undefined, done: (result: BodyResult) => void): void;
  /** The body in parts, as it arrives and no faster than it is read. Throws when it is cut off. */
  body(): AsyncIterable<Uint8Array>;
  /** Calls `closed` once at the end: whether the peer was sent the whole reply, or has disconnected before. */
  onClose(closed: (isWhole: boolean) => void): void;
  /**
   * Sends a reply with a streamed body. Resolves when the peer has received all of it; on a failure, destroys the
   * connection or stream, and rejects.
   */
  sendStream(reply: StreamedReply): Promise<void>;
  /** Sends the reply. The rest of the request body is read and discarded, within limits. */
  send(reply: Reply): void;
  /** Aborts the exchange, because it takes too long (`cancel`) or a reply could not be sent (`internal`). */
  cut(why: "cancel" | "internal"): void;
}
