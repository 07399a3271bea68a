import type { HpackEncoder } from "./hpack-encoder.ts";
import { type Output, writeFrameHeader } from "./output.ts";
import {
  defaultWindowBytes,
  flag,
  frameHeaderBytes,
  frameType,
  maxPayloadBytes,
  maxWindowBytes,
  SessionError,
} from "./protocol.ts";
import type { Http2Stream } from "./stream.ts";

/** Beyond this, answers wait for the socket: what a peer does not read is held once, as answers. */
const maxBacklogBytes = 65_536;
/** A DATA frame from this size on may make the client open its windows again. */
const longDataBytes = 1_024;

/** Sends what streams have to send: in turns, a DATA frame each, as windows and socket allow (RFC 9113 §5.2, §6.9). */
export class Sender {
  readonly #output: Output;
  readonly #encoder: HpackEncoder;
  readonly #sentLong: () => void;
  /** Of the connection. */
  #window = defaultWindowBytes;
  /** The streams with something to send, each once. */
  #ready: Http2Stream[] = [];
  /** Whether streams wait for the window of the connection. */
  #haveWaited = false;
  #isPumping = false;

  constructor(output: Output, encoder: HpackEncoder, sentLong: () => void) {
    this.#output = output;
    this.#encoder = encoder;
    this.#sentLong = sentLong;
  }

  schedule(stream: Http2Stream): void {
    if (!stream.isScheduled) {
      stream.isScheduled = true;
      this.#ready.push(stream);
    }
    this.pump();
  }

  /**
   * The window of the connection has grown. True when streams have waited for that: they MUST be scheduled again.
   *
   * @throws SessionError FLOW_CONTROL_ERROR over 2^31-1
   */
  growWindow(bytes: number): boolean {
    this.#window += bytes;
    if (this.#window > maxWindowBytes) {
      throw new SessionError("FLOW_CONTROL_ERROR", "a window over 2^31-1 bytes");
    }
    const haveWaited = this.#haveWaited;
    this.#haveWaited = false;
    return haveWaited;
  }

  /** Sends until nothing is left, or the socket has enough. */
  pump(): void {
    if (this.#isPumping) {
      return;
    }
    this.#isPumping = true;
    try {
      while (this.#ready.length > 0 && this.#output.backlogBytes < maxBacklogBytes) {
        const turn = this.#ready;
        this.#ready = [];
        for (const [index, stream] of turn.entries()) {
          if (this.#output.backlogBytes >= maxBacklogBytes) {
            this.#ready = [...turn.slice(index), ...this.#ready];
            break;
          }
          stream.isScheduled = false;
          this.#send(stream);
        }
      }
    } finally {
      this.#isPumping = false;
    }
  }

  /** One turn of one stream. */
  #send(stream: Http2Stream): void {
    if (stream.isClosed || stream.hasLocalEnded) {
      return;
    }
    const { id, outgoing } = stream;
    const { fields } = outgoing;
    if (fields !== undefined) {
      outgoing.fields = undefined;
      const isAll = outgoing.isEnding && outgoing.queuedBytes === 0 && outgoing.trailer === undefined;
      this.#headers(id, fields, isAll);
      if (isAll) {
        stream.localEnded();
        return;
      }
    }
    if (outgoing.queuedBytes > 0 && !this.#data(stream)) {
      return;
    }
    if (outgoing.queuedBytes > 0) {
      stream.isScheduled = true;
      this.#ready.push(stream);
    } else if (outgoing.isEnding) {
      this.#end(stream);
    } else {
      outgoing.drained();
    }
  }

  /** Sends one DATA frame. False when the stream has to wait for a window, or is over. */
  #data(stream: Http2Stream): boolean {
    const { outgoing } = stream;
    const most = Math.min(this.#window, stream.sendWindow, maxPayloadBytes);
    if (most <= 0) {
      this.#haveWaited = this.#haveWaited || this.#window <= 0;
      return false;
    }
    const piece = outgoing.take(most);
    this.#window -= piece.byteLength;
    stream.sendWindow -= piece.byteLength;
    if (piece.byteLength >= longDataBytes) {
      this.#sentLong();
    }
    const isLast = outgoing.queuedBytes === 0 && outgoing.isEnding && outgoing.trailer === undefined;
    this.#output.frame(frameType.data, isLast ? flag.endStream : 0, stream.id, piece.byteLength);
    this.#output.bytes(piece);
    if (isLast) {
      stream.localEnded();
    }
    return !isLast;
  }

  #end(stream: Http2Stream): void {
    const { trailer } = stream.outgoing;
    if (trailer === undefined) {
      this.#output.frame(frameType.data, flag.endStream, stream.id, 0);
    } else {
      this.#headers(stream.id, trailer, true);
    }
    stream.localEnded();
  }

  /** A block over 16,384 bytes goes on in CONTINUATION frames (RFC 9113 §6.10). */
  #headers(id: number, fields: readonly string[], isLast: boolean): void {
    const bound = this.#encoder.maxBlockBytes(fields);
    const endFlag = isLast ? flag.endStream : 0;
    if (bound <= maxPayloadBytes) {
      const { slab, at } = this.#output.reserve(frameHeaderBytes + bound);
      const end = this.#encoder.write(fields, slab, at + frameHeaderBytes);
      writeFrameHeader(slab, at, frameType.headers, flag.endHeaders | endFlag, id, end - at - frameHeaderBytes);
      this.#output.commit(end);
      return;
    }
    const block = Buffer.allocUnsafe(bound);
    const length = this.#encoder.write(fields, block, 0);
    for (let from = 0; from === 0 || from < length; from += maxPayloadBytes) {
      const to = Math.min(from + maxPayloadBytes, length);
      const flags = (to === length ? flag.endHeaders : 0) | (from === 0 ? endFlag : 0);
      this.#output.frame(from === 0 ? frameType.headers : frameType.continuation, flags, id, to - from);
      this.#output.bytes(block.subarray(from, to));
    }
  }
}
