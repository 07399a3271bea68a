import { constants, fstatSync, openSync, writeSync } from "node:fs";
import { isatty } from "node:tty";
import { errorCode } from "../domain/error-code.ts";

/** Where lines go. Nothing of it waits for a reader, and nothing of it throws. */
export interface Output {
  /** What was taken and has neither left yet nor been lost. */
  readonly pendingBytes: number;
  write(bytes: Buffer): void;
  /** MUST be called once, before anything is written. */
  listen(listener: OutputListener): void;
}

export interface OutputListener {
  /** Everything that was taken has left. */
  drained(): void;
  /** The disk is full, the reader has gone: these bytes, or some of them, are lost. */
  lost(bytes: Buffer): void;
}

/**
 * Standard output as a log may use it. The event loop writes to a pipe or a socket; a terminal is opened anew, so that
 * it does not block; a file blocks for no longer than its disk takes.
 */
export function openStandardOutput(): Output {
  const kind = fstatSync(1);
  if (kind.isFIFO() || kind.isSocket()) {
    return new StreamOutput(process.stdout);
  }
  return new FileOutput(isatty(1) ? nonBlockingTerminal() : 1);
}

/** Where a descriptor has no name of its own, the terminal blocks. */
function nonBlockingTerminal(): number {
  try {
    return openSync("/dev/fd/1", constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return 1;
  }
}

class StreamOutput implements Output {
  readonly #stream: NodeJS.WriteStream;
  #listener: OutputListener | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    // Told to `lost` as well, and fatal without a listener.
    stream.on("error", () => {});
  }

  get pendingBytes(): number {
    return this.#stream.writableLength;
  }

  write(bytes: Buffer): void {
    this.#stream.write(bytes, (error) => {
      if (error) {
        this.#listener?.lost(bytes);
      } else if (this.pendingBytes === 0) {
        this.#listener?.drained();
      }
    });
  }

  listen(listener: OutputListener): void {
    this.#listener = listener;
  }
}

const retryMs = 20;
const newline = 0x0a;

/** A descriptor that is written to at once; what it does not take now, such as a terminal that was halted, is tried again. */
export class FileOutput implements Output {
  readonly #file: number;
  #pending: Buffer = Buffer.alloc(0);
  #isWaiting = false;
  #lastByte: number | undefined = newline;
  /** Whether the rest of a line was lost: what comes next begins on a line of its own. */
  #isTorn = false;
  #listener: OutputListener | undefined;

  constructor(file: number) {
    this.#file = file;
  }

  get pendingBytes(): number {
    return this.#pending.byteLength;
  }

  write(bytes: Buffer): void {
    this.#pending = this.pendingBytes === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    if (!this.#isWaiting) {
      this.#send();
    }
  }

  listen(listener: OutputListener): void {
    this.#listener = listener;
  }

  #send(): void {
    try {
      if (this.#isTorn && writeSync(this.#file, "\n") > 0) {
        this.#isTorn = false;
      }
      while (this.pendingBytes > 0) {
        const count = writeSync(this.#file, this.#pending);
        this.#lastByte = count > 0 ? this.#pending[count - 1] : this.#lastByte;
        this.#pending = this.#pending.subarray(count);
      }
      this.#listener?.drained();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (errorCode(error) === "EAGAIN") {
      this.#isWaiting = true;
      setTimeout(() => {
        this.#isWaiting = false;
        this.#send();
      }, retryMs).unref();
      return;
    }
    const lost = this.#pending;
    this.#isTorn = this.#lastByte !== newline;
    this.#pending = Buffer.alloc(0);
    this.#listener?.lost(lost);
  }
}
