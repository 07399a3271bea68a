import type { Limits } from "../limits.ts";
import type { Output } from "./output.ts";
import { errorCodes, frameType, maxStreamId, maxWindowBytes, SessionError } from "./protocol.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { RecentIds } from "./recent-ids.ts";
import type { RequestHead } from "./request-head.ts";
import type { Sender } from "./sender.ts";
import { Http2Stream, type StreamSession } from "./stream.ts";

export interface StreamEvents {
  /** A request has begun: its header section is there. */
  onStream(stream: Http2Stream): void;
  /** The peer has reset a stream, or made the server reset one: see `Limits.streamResetBurst`. */
  onReset(): void;
  /** The last open stream is over. */
  onIdle(): void;
}

/** The streams of one connection, from their HEADERS to their end, and the windows that they share. */
export class Streams implements StreamSession {
  readonly #limits: Limits;
  readonly #output: Output;
  readonly #sender: Sender;
  readonly #events: StreamEvents;
  readonly #open = new Map<number, Http2Stream>();
  readonly #recent = new RecentIds();
  readonly #window: ReceiveWindow;
  #lastId = 0;
  #lastAllowedId = maxStreamId;
  #headBytes = 0;
  /** Those that the chunk at hand has opened. */
  #fresh: Http2Stream[] = [];
  /** Of each new stream, for what the server sends. */
  initialSendWindow: number;

  constructor(limits: Limits, output: Output, sender: Sender, initialSendWindow: number, events: StreamEvents) {
    this.#limits = limits;
    this.#output = output;
    this.#sender = sender;
    this.#events = events;
    this.#window = new ReceiveWindow(limits.sessionWindowBytes);
    this.initialSendWindow = initialSendWindow;
  }

  get size(): number {
    return this.#open.size;
  }

  get lastId(): number {
    return this.#lastId;
  }

  get(id: number): Http2Stream | undefined {
    return this.#open.get(id);
  }

  values(): Iterable<Http2Stream> {
    return this.#open.values();
  }

  /** Whether no frame but HEADERS and PRIORITY may name it yet. */
  isIdle(id: number): boolean {
    return id > this.#lastId || (id & 1) === 0;
  }

  /** Whether the peer may not know yet that it is over. */
  wasReset(id: number): boolean {
    return this.#recent.wasReset(id);
  }

  isKnown(id: number): boolean {
    return this.#recent.has(id);
  }

  /** Refuses later streams. Returns the last one that is served. */
  stopAccepting(): number {
    this.#lastAllowedId = this.#lastId;
    return this.#lastId;
  }

  /** A new stream; `head` is undefined when it is malformed. */
  open(id: number, head: RequestHead | undefined, isLast: boolean): void {
    this.#lastId = id;
    const error = this.#objection(id, head);
    if (error !== undefined || head === undefined) {
      this.refuse(id, error ?? errorCodes.PROTOCOL_ERROR);
      return;
    }
    const stream = new Http2Stream(this, id, head, this.initialSendWindow, this.#limits.streamWindowBytes);
    this.#open.set(id, stream);
    this.#headBytes += head.bytes;
    if (isLast && !stream.receiveEnd()) {
      this.refuse(id, errorCodes.PROTOCOL_ERROR);
      return;
    }
    this.#fresh.push(stream);
    this.#events.onStream(stream);
  }

  #objection(id: number, head: RequestHead | undefined): number | undefined {
    if (id > this.#lastAllowedId) {
      // It was sent before the GOAWAY had arrived.
      return errorCodes.REFUSED_STREAM;
    }
    if (head === undefined) {
      return errorCodes.PROTOCOL_ERROR;
    }
    const { maxConcurrentStreams, maxSessionHeaderBytes } = this.#limits;
    const isFull = this.#open.size >= maxConcurrentStreams || this.#headBytes + head.bytes > maxSessionHeaderBytes;
    return isFull ? errorCodes.REFUSED_STREAM : undefined;
  }

  /** Everything that has arrived by now was handled. */
  settle(): void {
    if (this.#fresh.length > 0) {
      const fresh = this.#fresh;
      this.#fresh = [];
      for (const stream of fresh) {
        stream.settle();
      }
    }
  }

  /** The peer's mistake on one stream (RFC 9113 §5.4.2). Provoked resets count like the peer's own (CVE-2025-8671). */
  refuse(id: number, code: number): void {
    this.#events.onReset();
    const stream = this.#open.get(id);
    if (stream === undefined) {
      this.#output.frame(frameType.rstStream, 0, id, 4, code);
      this.#recent.add(id, true);
    } else {
      this.reset(stream, code);
    }
  }

  /** The peer has reset it. */
  lose(stream: Http2Stream, code: number): void {
    // NO_ERROR: the client needs no more of it.
    if (code !== errorCodes.NO_ERROR) {
      this.#events.onReset();
    }
    this.#remove(stream, code === errorCodes.NO_ERROR ? errorCodes.CANCEL : code, false);
  }

  loseAll(): void {
    for (const stream of [...this.#open.values()]) {
      this.#remove(stream, errorCodes.CANCEL, true);
    }
  }

  schedule(stream: Http2Stream): void {
    this.#sender.schedule(stream);
  }

  reset(stream: Http2Stream, code: number): void {
    this.#output.frame(frameType.rstStream, 0, stream.id, 4, code);
    this.#remove(stream, code, true);
  }

  finish(stream: Http2Stream): void {
    this.#remove(stream, errorCodes.NO_ERROR, false);
  }

  /** @throws SessionError FLOW_CONTROL_ERROR for more DATA than the window of the connection */
  charge(bytes: number): void {
    if (!this.#window.take(bytes)) {
      throw new SessionError("FLOW_CONTROL_ERROR", "more DATA than the window of the connection");
    }
  }

  credit(stream: Http2Stream | undefined, bytes: number): void {
    const ofSession = this.#window.give(bytes);
    if (ofSession > 0) {
      this.#output.frame(frameType.windowUpdate, 0, 0, 4, ofSession);
    }
    if (stream === undefined || stream.isClosed || stream.hasRemoteEnded) {
      return;
    }
    const ofStream = stream.receiveWindow.give(bytes);
    if (ofStream > 0) {
      this.#output.frame(frameType.windowUpdate, 0, stream.id, 4, ofStream);
    }
  }

  /** Lets all streams go on that have something to send. */
  scheduleWaiting(): void {
    for (const stream of [...this.#open.values()]) {
      if (stream.waitingMark !== undefined) {
        this.#sender.schedule(stream);
      }
    }
  }

  /** The peer takes so many bytes more of every stream, or fewer. */
  changeSendWindows(bytes: number): void {
    this.initialSendWindow += bytes;
    for (const stream of this.#open.values()) {
      this.growSendWindow(stream, bytes);
    }
  }

  /** @throws SessionError FLOW_CONTROL_ERROR over 2^31-1 */
  growSendWindow(stream: Http2Stream, bytes: number): void {
    stream.sendWindow += bytes;
    if (stream.sendWindow > maxWindowBytes) {
      throw new SessionError("FLOW_CONTROL_ERROR", "a window over 2^31-1 bytes");
    }
    if (bytes > 0 && stream.waitingMark !== undefined) {
      this.#sender.schedule(stream);
    }
  }

  /** `isReset`: by the server, so that the peer may not know yet. */
  #remove(stream: Http2Stream, code: number, isReset: boolean): void {
    if (!this.#open.delete(stream.id)) {
      return;
    }
    this.#recent.add(stream.id, isReset);
    this.#headBytes -= stream.head.bytes;
    this.credit(undefined, stream.close(code));
    if (this.#open.size === 0) {
      this.#events.onIdle();
    }
  }
}
