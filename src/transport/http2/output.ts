import type { Socket } from "node:net";
import { frameHeaderBytes } from "./protocol.ts";

const slabBytes = 16_384;
/** For what every connection begins with: most that strangers open say no more. */
const firstSlabBytes = 512;
/** A payload from this size on is passed to the socket as it is; a smaller one is copied between its neighbours. */
const ownWriteBytes = 4_096;

/**
 * What is to be sent on one connection. Everything that is written in one turn of the event loop leaves in one write of
 * the socket.
 */
export class Output {
  readonly #socket: Socket;
  /** Called when the socket has taken everything. */
  readonly #drained: () => void;
  #slab: Buffer | undefined;
  #from = 0;
  #end = 0;
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  #writing = 0;
  #writesDone = 0;
  #isFlushing = false;
  #hasEnded = false;

  constructor(socket: Socket, drained: () => void) {
    this.#socket = socket;
    this.#drained = drained;
  }

  /** Bytes that the socket has not taken yet. */
  get backlogBytes(): number {
    return this.#end - this.#from + this.#pieceBytes + this.#writing;
  }

  /** Changes as long as the socket makes progress. */
  get progress(): number {
    return this.#writesDone;
  }

  /** Reserves `bytes` of the slab, to be filled at `at`; to be followed by `commit`. */
  reserve(bytes: number): { readonly slab: Buffer; readonly at: number } {
    if (this.#slab === undefined || this.#slab.length - this.#end < bytes) {
      this.#cutPiece();
      const isFirst = this.#slab === undefined && this.#writesDone === 0;
      this.#slab = Buffer.allocUnsafeSlow(Math.max(isFirst ? firstSlabBytes : slabBytes, bytes));
      this.#from = this.#end = 0;
    }
    return { slab: this.#slab, at: this.#end };
  }

  /** The slab is filled up to `end`. */
  commit(end: number): void {
    this.#end = end;
    this.#flushSoon();
  }

  /** Writes the header of a frame and up to two words of its payload. */
  frame(type: number, flags: number, id: number, length: number, first?: number, second?: number): void {
    const { slab, at } = this.reserve(frameHeaderBytes + 8);
    let end = writeFrameHeader(slab, at, type, flags, id, length);
    if (first !== undefined) {
      end = slab.writeUInt32BE(first, end);
    }
    if (second !== undefined) {
      end = slab.writeUInt32BE(second, end);
    }
    this.commit(end);
  }

  /** Writes bytes as they are. They MUST NOT change any more. */
  bytes(bytes: Uint8Array): void {
    if (bytes.byteLength >= ownWriteBytes) {
      this.#cutPiece();
      this.#pieces.push(bytes);
      this.#pieceBytes += bytes.byteLength;
      this.#flushSoon();
    } else if (bytes.byteLength > 0) {
      const { slab, at } = this.reserve(bytes.byteLength);
      slab.set(bytes, at);
      this.commit(at + bytes.byteLength);
    }
  }

  /** Hands over what is waiting. */
  flush(): void {
    this.#cutPiece();
    const [first] = this.#pieces;
    if (first === undefined || this.#hasEnded || this.#socket.destroyed) {
      return;
    }
    const pieces = this.#pieces;
    const bytes = this.#pieceBytes;
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#writing += bytes;
    const done = () => this.#taken(bytes);
    if (pieces.length === 1) {
      this.#socket.write(first, done);
      return;
    }
    this.#socket.cork();
    for (const [index, piece] of pieces.entries()) {
      this.#socket.write(piece, index === pieces.length - 1 ? done : undefined);
    }
    this.#socket.uncork();
  }

  /** Hands over what is waiting, and nothing after it. */
  end(): void {
    this.flush();
    this.#hasEnded = true;
    this.#socket.end();
  }

  /** Lets go of memory that an idle connection does not need. */
  trim(): void {
    if (this.backlogBytes === 0) {
      this.#slab = undefined;
      this.#from = this.#end = 0;
    }
  }

  #taken(bytes: number): void {
    this.#writing -= bytes;
    this.#writesDone += 1;
    if (this.#writing === 0 && this.#pieceBytes === 0) {
      if (this.#end === this.#from) {
        this.#from = this.#end = 0;
      }
      this.#drained();
    }
  }

  #cutPiece(): void {
    if (this.#slab !== undefined && this.#end > this.#from) {
      this.#pieces.push(this.#slab.subarray(this.#from, this.#end));
      this.#pieceBytes += this.#end - this.#from;
      this.#from = this.#end;
    }
  }

  /** After everything that this turn of the event loop still has to say: promises come before the next tick. */
  #flushSoon(): void {
    if (!this.#isFlushing) {
      this.#isFlushing = true;
      process.nextTick(() => {
        this.#isFlushing = false;
        this.flush();
      });
    }
  }
}

/** Writes the 9 bytes before a payload; returns where they end. */
export function writeFrameHeader(target: Buffer, at: number, type: number, flags: number, id: number, length: number) {
  target[at] = length >>> 16;
  target[at + 1] = length >>> 8;
  target[at + 2] = length;
  target[at + 3] = type;
  target[at + 4] = flags;
  return target.writeUInt32BE(id, at + 5);
}
