import type { CallHeaders, HeaderRecord } from "./headers.ts";
import type { Peer } from "./peer.ts";

/** What came of reading a body; `crowded_out`: too much of other bodies is under way. */
export type BodyResult = Uint8Array | "too_large" | "cut_off" | "crowded_out";

export interface Reply {
  readonly status: number;
  readonly header: HeaderRecord;
  readonly body?: Uint8Array | string;
  /** HTTP/2 only. */
  readonly trailer?: HeaderRecord;
}

/**
 * One HTTP request and its answer, whatever the version of HTTP. Framings see nothing else of the wire.
 *
 * Callers MUST send exactly one reply unless the peer is gone, and MAY read the body at most once.
 */
export interface Exchange {
  readonly httpVersion: 1 | 2;
  readonly httpMethod: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly header: CallHeaders;
  /** Names and values in turn, as Node gives them. */
  readonly rawHeaders: readonly string[];
  /** Where the caller believes to be: scheme and authority. */
  readonly origin: string;
  /** The address of the peer's socket; empty when it is gone. */
  readonly peerAddress: string;
  readonly contentType: string | undefined;
  readonly peer: Peer;
  /**
   * Calls `done` once, never before this has returned. A body of more than `maxBytes` is not kept. `share` names on whose
   * account it is held while it is incomplete.
   */
  readBody(maxBytes: number, share: string | undefined, done: (result: BodyResult) => void): void;
  /** Calls `gone` when the peer leaves before it has the whole reply. */
  onGone(gone: () => void): void;
  /**
   * Sends a reply whose body is made while it is taken. Resolves when the peer has all of it; when it cannot get all, its
   * connection or stream is cut, and this rejects.
   */
  sendStream(reply: Omit<Reply, "body" | "trailer">, body: AsyncIterable<string>): Promise<void>;
  /** Sends the reply. What is left of the body is read and forgotten, within bounds. */
  send(reply: Reply): void;
  /** Ends the exchange without an answer, where even that has failed. */
  cut(): void;
}
