import type { Connection } from "../http/connections.ts";
import { peerOf } from "../http/peer.ts";
import type { Limits } from "../limits.ts";
import { DirectAnswer } from "./direct-answer.ts";
import { type DirectCircumstances, DirectExchange } from "./exchange-direct.ts";
import { PlainReader } from "./plain-request.ts";

interface LaneParts {
  readonly limits: Limits;
  readonly isDraining: () => boolean;
  readonly serve: (exchange: DirectExchange) => void;
  /** Gives the connection to node:http, for good. What was not served is still in the socket. */
  readonly handOver: () => void;
}

/**
 * Serves a connection of HTTP/1.1 for as long as each chunk of it is one plain request, whole, and no more. Requests are
 * served one after the other.
 */
export class Lane {
  readonly #connection: Connection;
  readonly #parts: LaneParts;
  readonly #reader: PlainReader;
  readonly #circumstances: DirectCircumstances;
  #answer: DirectAnswer | undefined;
  /** What has come while an answer was under way. */
  #kept: Buffer | undefined;
  #isLast = false;

  constructor(connection: Connection, parts: LaneParts) {
    const { limits, isDraining } = parts;
    this.#connection = connection;
    this.#parts = parts;
    this.#reader = new PlainReader(limits);
    const keepAliveSeconds = Math.floor(limits.keepAliveTimeoutMs / 1_000);
    this.#circumstances = {
      peer: peerOf(connection.socket),
      keepAlive: `Connection: keep-alive\r\nKeep-Alive: timeout=${keepAliveSeconds}\r\n`,
      isDraining,
      endConnection: () => {
        this.#isLast = true;
      },
      moved: () => {
        if (this.#answer !== undefined) {
          connection.move(this.#answer);
        }
      },
    };
    connection.idleTimeoutMs = Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs);
    const { socket } = connection;
    socket.on("data", this.#take);
    socket.on("end", this.#endHalf);
    socket.on("close", this.#close);
  }

  readonly #take = (chunk: Buffer): void => {
    if (!this.#connection.socket.writable) {
      // Behind the last answer there is no request any more (RFC 9112 §9.6).
      return;
    }
    if (this.#answer !== undefined) {
      this.#keep(chunk);
      return;
    }
    const request = this.#reader.tryRead(chunk);
    if (request === undefined) {
      this.#leave(chunk);
      return;
    }
    const answer = new DirectAnswer(this.#connection.socket, this.#ended);
    this.#answer = answer;
    this.#connection.begin(answer);
    this.#parts.serve(new DirectExchange(request, answer, this.#circumstances));
  };

  /** One chunk is kept, so that the end of the connection is seen behind it; more wait in the socket. */
  #keep(chunk: Buffer): void {
    if (this.#kept === undefined) {
      this.#kept = chunk;
    } else {
      const { socket } = this.#connection;
      socket.pause();
      socket.unshift(chunk);
    }
  }

  readonly #ended = (): void => {
    const { socket } = this.#connection;
    if (this.#answer !== undefined) {
      this.#connection.end(this.#answer);
      this.#answer = undefined;
    }
    const kept = this.#kept;
    this.#kept = undefined;
    if (this.#isLast) {
      socket.destroySoon();
      return;
    }
    this.#connection.idleTimeoutMs = this.#parts.limits.keepAliveTimeoutMs;
    if (kept !== undefined) {
      this.#take(kept);
    }
    if (socket.isPaused()) {
      socket.resume();
    }
  };

  /** As node:http does: a peer that has ended its half takes no answer. */
  readonly #endHalf = (): void => {
    this.#connection.socket.end();
  };

  readonly #close = (): void => {
    this.#answer?.finish(false);
  };

  #leave(chunk: Buffer): void {
    const { socket } = this.#connection;
    socket.off("data", this.#take);
    socket.off("end", this.#endHalf);
    socket.off("close", this.#close);
    this.#connection.idleTimeoutMs = undefined;
    // Paused, the bytes stay in the socket until node:http listens.
    socket.pause();
    socket.unshift(chunk);
    this.#parts.handOver();
    socket.resume();
  }
}
