import { constants, fstatSync, openSync, writeSync } from "node:fs";
import { isatty } from "node:tty";
import { errorCode } from "../base/index.ts";

/** The destination of log lines. It never throws, and never blocks on a slow reader where the platform allows. */
export interface Output {
  /** Bytes accepted and neither written nor lost yet. */
  readonly pendingBytes: number;
  write(text: string): void;
  /** MUST be called once, before anything is written. */
  listen(listener: OutputListener): void;
}

interface OutputListener {
  /** Every accepted byte was written. */
  drained(): void;
  /** These bytes, or some of them, are lost: the disk is full or the reader has closed the pipe. */
  lost(text: string | Buffer): void;
}

/**
 * Standard output for a log. Writes to a pipe or a socket are asynchronous. A terminal is opened again in non-blocking
 * mode. Writes to a file block only for the disk.
 */
export function openStandardOutput(): Output {
  const kind = fstatSync(1);
  if (kind.isFIFO() || kind.isSocket()) {
    return new StreamOutput(process.stdout);
  }
  return new FileOutput(isatty(1) ? nonBlockingTerminal() : 1);
}

/** Writes to the terminal block where `/dev/fd` does not exist. */
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
    // The write callback reports the error too; without a listener it would end the process.
    stream.on("error", () => {});
  }

  get pendingBytes(): number {
    return this.#stream.writableLength;
  }

  write(text: string): void {
    this.#stream.write(text, (error) => {
      if (error) {
        this.#listener?.lost(text);
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

/** Writes to a file descriptor synchronously, and retries on EAGAIN, for example from a halted terminal. */
export class FileOutput implements Output {
  readonly #file: number;
  #pending: Buffer = Buffer.alloc(0);
  #isWaiting = false;
  #lastByte: number | undefined = newline;
  /** Whether a line was lost in the middle: the next write begins with a newline. */
  #isTorn = false;
  #listener: OutputListener | undefined;

  constructor(file: number) {
    this.#file = file;
  }

  get pendingBytes(): number {
    return this.#pending.byteLength;
  }

  write(text: string): void {
    const isFree = this.pendingBytes === 0 && !this.#isTorn;
    const sentBytes = isFree ? this.#sendText(text) : 0;
    if (sentBytes === undefined) {
      return;
    }
    this.#pending = Buffer.concat([this.#pending, Buffer.from(text, "utf8").subarray(sentBytes)]);
    if (!this.#isWaiting) {
      this.#send();
    }
  }

  /** Writes a text without making bytes of it first. Returns how many were written, undefined when all were. */
  #sendText(text: string): number | undefined {
    try {
      const count = writeSync(this.#file, text);
      if (count < Buffer.byteLength(text)) {
        this.#lastByte = count === 0 ? this.#lastByte : undefined;
        return count;
      }
      this.#lastByte = newline;
      this.#listener?.drained();
      return undefined;
    } catch {
      // The bytes will fail of the same.
      return 0;
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
