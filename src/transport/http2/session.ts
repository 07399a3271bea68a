import type { Socket } from "node:net";
import type { Limits } from "../limits.ts";
import { FloodGuard } from "./flood-guard.ts";
import { FrameHandler } from "./frame-handler.ts";
import { FrameReader } from "./frame-reader.ts";
import { HeaderBlocks } from "./header-blocks.ts";
import { HpackEncoder } from "./hpack-encoder.ts";
import { Output } from "./output.ts";
import { defaultWindowBytes, errorCodes, flag, frameType, maxStreamId, SessionError } from "./protocol.ts";
import { Sender } from "./sender.ts";
import { type Settings, settingsOf } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";
import { type StreamEvents, Streams } from "./streams.ts";

interface SessionEvents extends StreamEvents {
  /** The peer broke the protocol, or the server has a bug. The connection ends. */
  onError(error: unknown): void;
}

/** How long the last frames may take to the peer, once the connection has failed. */
const lingerMs = 1_000;
/** How long the peer may take to answer a PING before the server goes on without. */
const pingTimeoutMs = 250;

/** The server's side of one HTTP/2 connection (RFC 9113), over a plain socket or TLS. */
export class Http2Session {
  readonly #socket: Socket;
  readonly #limits: Limits;
  readonly #events: SessionEvents;
  readonly #output: Output;
  readonly #sender: Sender;
  readonly #encoder = new HpackEncoder();
  readonly #reader = new FrameReader();
  readonly #blocks: HeaderBlocks;
  readonly #streams: Streams;
  readonly #handler: FrameHandler;
  /** `ended`: nothing is sent any more. */
  #state: "open" | "draining" | "last_streams" | "ended" | "closed" = "open";
  #hasSettings = false;
  /** Runs while the preface, or a header block, is incomplete. */
  #silence: NodeJS.Timeout | undefined;
  #onPong: (() => void) | undefined;

  constructor(socket: Socket, limits: Limits, events: SessionEvents) {
    this.#socket = socket;
    this.#limits = limits;
    this.#events = events;
    const flood = new FloodGuard();
    this.#output = new Output(socket, () => this.#sender.pump());
    this.#sender = new Sender(this.#output, this.#encoder, () => flood.earnData());
    this.#blocks = new HeaderBlocks(limits);
    this.#streams = new Streams(limits, this.#output, this.#sender, defaultWindowBytes, {
      onStream: events.onStream,
      onReset: events.onReset,
      onIdle: () => this.#becomeIdle(),
    });
    const parts = { output: this.#output, sender: this.#sender, streams: this.#streams, blocks: this.#blocks, flood };
    this.#handler = new FrameHandler(parts, {
      onSettings: (settings) => this.#apply(settings),
      onPong: () => this.#onPong?.(),
      onGoaway: () => this.drain(),
    });
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.once("close", () => this.#close());
    this.#greet();
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** The open streams. */
  streams(): Iterable<Http2Stream> {
    return this.#streams.values();
  }

  /** Changes as long as the peer reads; undefined while nothing waits for it. */
  get waitingMark(): number | undefined {
    return this.#output.backlogBytes > 0 ? this.#output.progress : undefined;
  }

  /** Accepts no more streams, loses none that was already sent, and closes after the last (RFC 9113 §6.8). */
  drain(): void {
    if (this.#state !== "open") {
      return;
    }
    this.#state = "draining";
    this.#goaway(errorCodes.NO_ERROR, maxStreamId);
    this.#output.frame(frameType.ping, 0, 0, 8, 0, 0);
    // Some clients do not answer pings after a GOAWAY.
    const timer = setTimeout(() => this.#stopAccepting(), pingTimeoutMs);
    this.#onPong = () => {
      clearTimeout(timer);
      this.#stopAccepting();
    };
  }

  /** Ends the connection with an error; streams that are open are lost. */
  fail(error: SessionError): void {
    if (this.#isOver) {
      return;
    }
    this.#events.onError(error);
    this.#goaway(errorCodes[error.h2], this.#streams.lastId);
    this.#end();
    this.#streams.loseAll();
  }

  /** Lets go of memory that an idle connection does not need. */
  trim(): void {
    this.#output.trim();
  }

  get #isOver(): boolean {
    return this.#state === "ended" || this.#state === "closed";
  }

  /** What still arrives is read and forgotten: a reset by the kernel could overtake a GOAWAY. */
  #end(): void {
    this.#output.end();
    this.#state = "ended";
    setTimeout(() => this.#socket.destroy(), lingerMs).unref();
  }

  #greet(): void {
    const settings = settingsOf(this.#limits);
    this.#output.frame(frameType.settings, 0, 0, settings.byteLength);
    this.#output.bytes(settings);
    this.#output.frame(frameType.windowUpdate, 0, 0, 4, this.#limits.sessionWindowBytes - defaultWindowBytes);
    this.#watchSilence();
  }

  /** The preface with its SETTINGS, and a header block that has begun, must be complete in time. */
  #watchSilence(): void {
    const isIncomplete = !this.#hasSettings || this.#blocks.openId !== 0;
    if (isIncomplete && this.#silence === undefined) {
      this.#silence = setTimeout(() => this.#socket.destroy(), this.#limits.headersTimeoutMs);
    } else if (!isIncomplete && this.#silence !== undefined) {
      clearTimeout(this.#silence);
      this.#silence = undefined;
    }
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.read(chunk, this.#take);
      this.#streams.settle();
      this.#watchSilence();
    } catch (error) {
      if (error instanceof SessionError) {
        this.fail(error);
      } else {
        this.#events.onError(error);
        this.#socket.destroy();
      }
    }
  }

  /** False once the connection has ended: what still arrives means nothing. */
  readonly #take = (type: number, flags: number, id: number, data: Buffer, from: number, to: number): boolean => {
    if (this.#isOver) {
      return false;
    }
    this.#handler.take(type, flags, id, data, from, to);
    return true;
  };

  #apply({ initialWindowBytes, headerTableBytes }: Settings): void {
    this.#hasSettings = true;
    if (headerTableBytes !== undefined) {
      this.#encoder.setMaxTableBytes(headerTableBytes);
    }
    this.#output.frame(frameType.settings, flag.ack, 0, 0);
    if (initialWindowBytes !== undefined) {
      this.#streams.changeSendWindows(initialWindowBytes - this.#streams.initialSendWindow);
    }
  }

  #goaway(code: number, lastId: number): void {
    this.#output.frame(frameType.goaway, 0, 0, 8, lastId, code);
  }

  #stopAccepting(): void {
    if (this.#state === "draining") {
      this.#state = "last_streams";
      this.#goaway(errorCodes.NO_ERROR, this.#streams.stopAccepting());
      this.#endIfDone();
    }
  }

  #becomeIdle(): void {
    this.#events.onIdle();
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#state === "last_streams" && this.#streams.size === 0) {
      this.#end();
    }
  }

  #close(): void {
    this.#state = "closed";
    clearTimeout(this.#silence);
    this.#streams.loseAll();
  }
}
