import { Outgoing } from "./outgoing.ts";
import { ReceiveWindow } from "./receive-window.ts";
import type { RequestHead } from "./request-head.ts";

/** Who takes the body of a request. */
export interface BodyReader {
  /** A part of it. MUST be credited (`Http2Stream.credit`) once it is held no longer. */
  data(chunk: Buffer): void;
  /** It has arrived, whole. */
  end(): void;
  /** The stream is over before that. */
  cut(): void;
}

/** What a stream asks of its session. */
export interface StreamSession {
  /** The stream has something to send. */
  schedule(stream: Http2Stream): void;
  /** The stream holds `bytes` of the windows no longer. */
  credit(stream: Http2Stream, bytes: number): void;
  /** Sends RST_STREAM, and forgets the stream. */
  reset(stream: Http2Stream, code: number): void;
  /** Both sides have ended. */
  finish(stream: Http2Stream): void;
}

/** One request and its answer (RFC 9113 §5.1). It is open, or half-closed on either side, until `onClose`. */
export class Http2Stream {
  readonly id: number;
  readonly head: RequestHead;
  readonly #session: StreamSession;
  // Receiving.
  #reader: BodyReader | undefined;
  #held: Buffer[] | undefined;
  /** Received, and not credited yet. */
  #uncreditedBytes = 0;
  #receivedBytes = 0;
  #hasRemoteEnded = false;
  #isFresh = true;
  #onLate: (() => void) | undefined;
  readonly receiveWindow: ReceiveWindow;
  // Sending.
  sendWindow: number;
  isScheduled = false;
  readonly outgoing = new Outgoing();
  #hasAnswered = false;
  #hasLocalEnded = false;
  /** Called when the socket has taken the whole answer. */
  onLocalEnd: (() => void) | undefined;
  // Closing.
  #closedWith: number | undefined;
  #closeListeners: ((code: number) => void)[] = [];

  constructor(session: StreamSession, id: number, head: RequestHead, sendWindow: number, receiveWindowBytes: number) {
    this.#session = session;
    this.id = id;
    this.head = head;
    this.sendWindow = sendWindow;
    this.receiveWindow = new ReceiveWindow(receiveWindowBytes);
  }

  // --- the request's body

  /** Whether nothing more will come. */
  get hasRemoteEnded(): boolean {
    return this.#hasRemoteEnded;
  }

  /** Takes the body from here on, and what waits of it. A reader before this one need credit nothing any more. */
  read(reader: BodyReader): void {
    const held = this.#held;
    this.#held = undefined;
    if (this.#reader !== undefined) {
      this.credit(this.#uncreditedBytes);
    }
    this.#reader = reader;
    for (const chunk of held ?? []) {
      this.#reader.data(chunk);
    }
    if (this.#hasRemoteEnded) {
      this.#reader.end();
    }
  }

  /**
   * Calls `late` when the body is not complete by the end of what arrived together with its header section; at once,
   * when that is over.
   */
  whenLate(late: () => void): void {
    if (this.#hasRemoteEnded || this.isClosed) {
      return;
    }
    if (this.#isFresh) {
      this.#onLate = late;
    } else {
      late();
    }
  }

  /** From the session: everything that arrived together with its header section was handled. */
  settle(): void {
    this.#isFresh = false;
    const late = this.#onLate;
    this.#onLate = undefined;
    if (!this.#hasRemoteEnded && !this.isClosed) {
      late?.();
    }
  }

  /** Opens the windows for so many bytes more. What is left when the stream closes is credited then. */
  credit(bytes: number): void {
    const open = Math.min(bytes, this.#uncreditedBytes);
    this.#uncreditedBytes -= open;
    if (open > 0) {
      this.#session.credit(this, open);
    }
  }

  /** From the session. False when it contradicts `content-length` (RFC 9113 §8.1.1). */
  receive(chunk: Buffer): boolean {
    this.#receivedBytes += chunk.byteLength;
    const { contentLength } = this.head;
    if (contentLength !== undefined && this.#receivedBytes > contentLength) {
      return false;
    }
    this.#uncreditedBytes += chunk.byteLength;
    if (this.#reader === undefined) {
      this.#held ??= [];
      this.#held.push(chunk);
    } else {
      this.#reader.data(chunk);
    }
    return true;
  }

  /** From the session. False as for `receive`. */
  receiveEnd(): boolean {
    const { contentLength } = this.head;
    if (contentLength !== undefined && contentLength !== this.#receivedBytes) {
      return false;
    }
    this.#hasRemoteEnded = true;
    this.#reader?.end();
    this.#finishIfOver();
    return true;
  }

  // --- the answer

  /** Whether the fields of the answer were given. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Sends an informational answer, such as 100. */
  inform(fields: readonly string[]): void {
    if (!this.isClosed && !this.#hasAnswered) {
      this.outgoing.fields = fields;
      this.#session.schedule(this);
    }
  }

  /** Begins the answer. Fields are names in lower case and values in turn; `:status` comes first. */
  respond(fields: readonly string[]): void {
    this.outgoing.fields = fields;
    this.#hasAnswered = true;
    this.#session.schedule(this);
  }

  /** Sends an answer that is there as a whole. */
  answer(fields: readonly string[], body: Uint8Array | undefined, trailer: readonly string[] | undefined): void {
    this.outgoing.fields = fields;
    this.#hasAnswered = true;
    if (body !== undefined) {
      this.outgoing.push(body);
    }
    this.end(trailer);
  }

  /** Queues a part of the body, which MUST NOT change any more; `drained` is called when the socket has taken it. */
  write(bytes: Uint8Array, drained?: () => void): void {
    if (this.isClosed) {
      return;
    }
    this.outgoing.push(bytes);
    this.outgoing.onDrained = drained;
    this.#session.schedule(this);
  }

  /** Ends the answer, with trailers where there are any. */
  end(trailer?: readonly string[]): void {
    this.outgoing.isEnding = true;
    this.outgoing.trailer = trailer;
    this.#session.schedule(this);
  }

  /** From the session: END_STREAM is sent. */
  localEnded(): void {
    this.#hasLocalEnded = true;
    this.onLocalEnd?.();
    this.#finishIfOver();
  }

  get hasLocalEnded(): boolean {
    return this.#hasLocalEnded;
  }

  /** Changes as long as the peer takes the answer; undefined while the answer does not wait for the peer. */
  get waitingMark(): number | undefined {
    const { isEmpty, isEnding, sentBytes } = this.outgoing;
    return isEmpty && (!isEnding || this.#hasLocalEnded) ? undefined : sentBytes;
  }

  // --- the end

  get isClosed(): boolean {
    return this.#closedWith !== undefined;
  }

  /** Aborts it with an error code; without effect on a closed one. */
  reset(code: number): void {
    if (!this.isClosed) {
      this.#session.reset(this, code);
    }
  }

  /** Calls `listener` once, with the error code of RST_STREAM, NO_ERROR for a stream that was not reset. */
  onClose(listener: (code: number) => void): void {
    if (this.#closedWith === undefined) {
      this.#closeListeners.push(listener);
    } else {
      listener(this.#closedWith);
    }
  }

  /** From the session, once. Returns the bytes of the connection's window that it still holds. */
  close(code: number): number {
    this.#closedWith = code;
    this.outgoing.clear();
    const uncredited = this.#uncreditedBytes;
    this.#uncreditedBytes = 0;
    this.#held = undefined;
    const reader = this.#reader;
    this.#reader = undefined;
    if (!this.#hasRemoteEnded) {
      reader?.cut();
    }
    const listeners = this.#closeListeners;
    this.#closeListeners = [];
    for (const listener of listeners) {
      listener(code);
    }
    return uncredited;
  }

  #finishIfOver(): void {
    if (this.#hasLocalEnded && this.#hasRemoteEnded && !this.isClosed) {
      this.#session.finish(this);
    }
  }
}
