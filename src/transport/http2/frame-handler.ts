import type { FloodGuard } from "./flood-guard.ts";
import type { HeaderBlocks } from "./header-blocks.ts";
import type { Output } from "./output.ts";
import { errorCodes, flag, frameType, maxStreamId, maxWindowBytes, SessionError, withoutPadding } from "./protocol.ts";
import { areTrailers } from "./request-head.ts";
import type { Sender } from "./sender.ts";
import { readSettings, type Settings } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";
import type { Streams } from "./streams.ts";

interface SessionParts {
  readonly output: Output;
  readonly sender: Sender;
  readonly streams: Streams;
  readonly blocks: HeaderBlocks;
  readonly flood: FloodGuard;
}

interface ControlEvents {
  onSettings(settings: Settings): void;
  onPong(): void;
  onGoaway(): void;
}

/** A DATA frame of fewer bytes, unless it is the last of its stream, counts as one without a purpose. */
const smallDataBytes = 16;
/** Control frames that wait for a peer that reads nothing; beyond this the connection ends. */
const maxControlBacklogBytes = 131_072;

/** What each frame of a client means (RFC 9113 §6). */
export class FrameHandler {
  readonly #parts: SessionParts;
  readonly #events: ControlEvents;
  #hasSettings = false;

  constructor(parts: SessionParts, events: ControlEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  /**
   * @throws SessionError a mistake that ends the connection
   */
  take(type: number, flags: number, id: number, data: Buffer, from: number, to: number): void {
    const { openId } = this.#parts.blocks;
    if (openId !== 0 && (type !== frameType.continuation || id !== openId)) {
      throw new SessionError("PROTOCOL_ERROR", "a header block is interrupted");
    }
    if (!this.#hasSettings && (type !== frameType.settings || (flags & flag.ack) !== 0)) {
      throw new SessionError("PROTOCOL_ERROR", "the connection does not begin with SETTINGS");
    }
    switch (type) {
      case frameType.data:
        this.#data(flags, id, data, from, to);
        break;
      case frameType.headers:
        this.#block(this.#parts.blocks.begin(flags, id, data, from, to));
        break;
      case frameType.continuation:
        this.#spend();
        this.#block(this.#parts.blocks.goOn(flags, data, from, to));
        break;
      default:
        this.#spend();
        this.#control(type, flags, id, data, from, to);
    }
  }

  #control(type: number, flags: number, id: number, data: Buffer, from: number, to: number): void {
    const length = to - from;
    switch (type) {
      case frameType.windowUpdate:
        requireFrame(length === 4, id === 0 || !this.#parts.streams.isIdle(id), "WINDOW_UPDATE");
        this.#windowUpdate(id, data.readUInt32BE(from) & maxWindowBytes);
        break;
      case frameType.settings:
        requireFrame((flags & flag.ack) === 0 ? length % 6 === 0 : length === 0, id === 0, "SETTINGS");
        if ((flags & flag.ack) === 0) {
          this.#settings(data, from, to);
        }
        break;
      case frameType.rstStream:
        requireFrame(length === 4, id !== 0 && !this.#parts.streams.isIdle(id), "RST_STREAM");
        this.#reset(this.#parts.streams.get(id), data.readUInt32BE(from));
        break;
      case frameType.priority:
        requireFrame(length === 5, id !== 0 && (data.readUInt32BE(from) & maxStreamId) !== id, "PRIORITY");
        break;
      case frameType.ping:
        requireFrame(length === 8, id === 0, "PING");
        this.#ping(flags, data.readUInt32BE(from), data.readUInt32BE(from + 4));
        break;
      case frameType.goaway:
        requireFrame(length >= 8, id === 0, "GOAWAY");
        this.#events.onGoaway();
        break;
      case frameType.pushPromise:
        throw new SessionError("PROTOCOL_ERROR", "PUSH_PROMISE from a client");
      default:
      // Unknown types are ignored (RFC 9113 §4.1).
    }
  }

  /** @throws SessionError ENHANCE_YOUR_CALM */
  #spend(): void {
    this.#parts.flood.spend();
    if (this.#parts.output.backlogBytes > maxControlBacklogBytes) {
      throw new SessionError("ENHANCE_YOUR_CALM", "the peer does not read what it has asked for");
    }
  }

  #data(flags: number, id: number, data: Buffer, from: number, to: number): void {
    const { streams } = this.#parts;
    if (streams.isIdle(id)) {
      throw new SessionError("PROTOCOL_ERROR", "DATA of an idle stream");
    }
    const length = to - from;
    streams.charge(length);
    const { start, stop } = withoutPadding(flags, data, from, to);
    const isLast = (flags & flag.endStream) !== 0;
    if (stop - start < smallDataBytes && !isLast) {
      this.#spend();
    }
    const stream = streams.get(id);
    if (stream === undefined || stream.hasRemoteEnded) {
      streams.credit(undefined, length);
      this.#dataOfClosed(id, stream);
    } else if (!stream.receiveWindow.take(length)) {
      streams.credit(undefined, length);
      streams.refuse(id, errorCodes.FLOW_CONTROL_ERROR);
    } else {
      // Padding is used up at once.
      streams.credit(stream, length - (stop - start));
      this.#body(stream, data.subarray(start, stop), isLast);
    }
  }

  #body(stream: Http2Stream, part: Buffer, isLast: boolean): void {
    const { streams } = this.#parts;
    if (part.byteLength > 0 && !stream.receive(part)) {
      streams.credit(undefined, part.byteLength);
      streams.refuse(stream.id, errorCodes.PROTOCOL_ERROR);
    } else if (isLast && !stream.isClosed && !stream.receiveEnd()) {
      streams.refuse(stream.id, errorCodes.PROTOCOL_ERROR);
    }
  }

  /** Late frames may follow a reset of ours; others are a mistake (RFC 9113 §5.1). */
  #dataOfClosed(id: number, stream: Http2Stream | undefined): void {
    this.#spend();
    if (stream !== undefined || !this.#parts.streams.wasReset(id)) {
      this.#parts.streams.refuse(id, errorCodes.STREAM_CLOSED);
    }
  }

  #block(block: ReturnType<HeaderBlocks["begin"]>): void {
    if (block === undefined) {
      return;
    }
    const { streams, blocks, flood } = this.#parts;
    const { id, isLast, fields } = block;
    const stream = streams.get(id);
    if (stream !== undefined) {
      this.#trailers(stream, isLast && areTrailers(fields));
    } else if (id > streams.lastId) {
      flood.earnStream();
      streams.open(id, blocks.headFrom(fields), isLast);
    } else if (streams.wasReset(id)) {
      this.#spend();
    } else {
      const error = streams.isKnown(id) ? "STREAM_CLOSED" : "PROTOCOL_ERROR";
      throw new SessionError(error, "HEADERS on a stream that is over");
    }
  }

  #trailers(stream: Http2Stream, areWellFormed: boolean): void {
    const { streams } = this.#parts;
    if (stream.hasRemoteEnded) {
      streams.refuse(stream.id, errorCodes.STREAM_CLOSED);
    } else if (!areWellFormed || !stream.receiveEnd()) {
      streams.refuse(stream.id, errorCodes.PROTOCOL_ERROR);
    }
  }

  #reset(stream: Http2Stream | undefined, code: number): void {
    if (stream !== undefined) {
      this.#parts.streams.lose(stream, code);
    }
  }

  #settings(data: Buffer, from: number, to: number): void {
    const settings = readSettings(data, from, to);
    this.#hasSettings = true;
    this.#events.onSettings(settings);
  }

  #ping(flags: number, first: number, second: number): void {
    if ((flags & flag.ack) === 0) {
      this.#parts.output.frame(frameType.ping, flag.ack, 0, 8, first, second);
    } else {
      this.#events.onPong();
    }
  }

  #windowUpdate(id: number, bytes: number): void {
    const { sender, streams } = this.#parts;
    if (id === 0) {
      requireFrame(true, bytes > 0, "WINDOW_UPDATE");
      if (sender.growWindow(bytes)) {
        streams.scheduleWaiting();
      }
      return;
    }
    const stream = streams.get(id);
    if (stream === undefined) {
      return;
    }
    if (bytes === 0) {
      streams.refuse(id, errorCodes.PROTOCOL_ERROR);
    } else if (stream.sendWindow + bytes > maxWindowBytes) {
      streams.refuse(id, errorCodes.FLOW_CONTROL_ERROR);
    } else {
      streams.growSendWindow(stream, bytes);
    }
  }
}

function requireFrame(hasRightSize: boolean, isRight: boolean, name: string): void {
  if (!hasRightSize) {
    throw new SessionError("FRAME_SIZE_ERROR", `${name} of a wrong size`);
  }
  if (!isRight) {
    throw new SessionError("PROTOCOL_ERROR", `${name} where none belongs`);
  }
}
