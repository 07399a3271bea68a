import type { IncomingMessage } from "node:http";

/**
 * The body of an HTTP/1.1 request in parts, no faster than it is read. Node's own iterator stays on the request when its
 * reader stops, and then nobody can discard the rest.
 */
export class RequestParts implements AsyncIterable<Uint8Array> {
  readonly #request: IncomingMessage;
  #waiting: Buffer[] = [];
  #isStopped = false;
  #wake: (() => void) | undefined;
  readonly #take = (chunk: Buffer) => {
    this.#waiting.push(chunk);
    this.#request.pause();
    this.#wake?.();
  };

  constructor(request: IncomingMessage) {
    this.#request = request;
    const wake = () => this.#wake?.();
    request.on("data", this.#take).pause();
    request.once("end", wake);
    request.once("close", wake);
  }

  /** Takes no more: the rest is for whoever discards it. */
  stop(): void {
    this.#isStopped = true;
    this.#waiting = [];
    this.#request.off("data", this.#take);
    this.#wake?.();
  }

  /** Throws when the body is cut off. To be used once. */
  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      const part = this.#waiting.shift();
      if (part !== undefined) {
        yield part;
      } else if (this.#request.readableEnded && this.#request.complete) {
        return;
      } else if (this.#isStopped || this.#request.destroyed) {
        throw Object.assign(new Error("the request was cut off"), { code: "ECONNRESET" });
      } else {
        const woken = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#request.resume();
        await woken;
      }
    }
  }
}
