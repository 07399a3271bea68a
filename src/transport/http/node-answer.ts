import type { ServerResponse } from "node:http";
import type { Answer } from "./connections.ts";

/** The progress of a response of node:http. */
export class NodeAnswer implements Answer {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get waitingMark(): number | undefined {
    const { writableFinished, writableEnded, writableLength, socket } = this.#response;
    const isWaiting = !writableFinished && (writableEnded || writableLength > 0);
    return isWaiting ? socket?.bytesWritten : undefined;
  }
}
