import type { Socket } from "node:net";
import type { Answer } from "../http/connections.ts";

/** The answer to a request of the lane: what goes out, and how it ends. */
export class DirectAnswer implements Answer {
  readonly socket: Socket;
  readonly #ended: () => void;
  #listeners: ((isWhole: boolean) => void)[] = [];
  /** Sent with what comes first behind it. */
  #head = "";
  #state: "waiting" | "begun" | "ending" | "over" = "waiting";

  /** @param ended is called once, after all listeners */
  constructor(socket: Socket, ended: () => void) {
    this.socket = socket;
    this.#ended = ended;
  }

  get hasBegun(): boolean {
    return this.#state !== "waiting";
  }

  /** Whether it takes no more: it has ended, or the connection has. */
  get isOver(): boolean {
    return this.#state === "over" || !this.socket.writable;
  }

  get waitingMark(): number | undefined {
    return this.#state === "ending" || this.socket.writableLength > 0 ? this.socket.bytesWritten : undefined;
  }

  onEnd(ended: (isWhole: boolean) => void): void {
    this.#listeners.push(ended);
  }

  begin(head: string): void {
    this.#state = "begun";
    this.#head = head;
  }

  /** False: more should follow when the socket has drained, and never once it `isOver`. Strings are of ASCII. */
  write(part: string | Uint8Array, written?: (error?: Error | null) => void): boolean {
    const head = this.#head;
    this.#head = "";
    if (this.isOver) {
      return false;
    }
    if (typeof part === "string") {
      return this.socket.write(head + part, "latin1", written);
    }
    if (head === "") {
      return this.socket.write(part, written);
    }
    const bytes = Buffer.allocUnsafe(head.length + part.byteLength);
    bytes.write(head, "latin1");
    bytes.set(part, head.length);
    return this.socket.write(bytes, written);
  }

  end(part: string | Uint8Array = ""): void {
    this.#state = "ending";
    const { socket } = this;
    if (this.isOver) {
      return;
    }
    if ("encrypted" in socket) {
      this.write(part, (error) => this.#written(error));
      return;
    }
    // The system takes nearly every answer at once. To be called back for it would take a turn of its own.
    this.write(part);
    if (socket.writableLength > 0) {
      socket.write("", (error) => this.#written(error));
    } else if (socket.errored === null) {
      this.finish(true);
    }
  }

  #written(error: Error | null | undefined): void {
    if (error === undefined || error === null) {
      this.finish(true);
    }
  }

  /** It has been sent, or its connection has ended. */
  finish(isWhole: boolean): void {
    if (this.#state === "over") {
      return;
    }
    this.#state = "over";
    for (const listener of this.#listeners) {
      listener(isWhole);
    }
    this.#ended();
  }
}
