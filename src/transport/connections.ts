import { ServerResponse } from "node:http";
import { constants, type Http2Session, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { drainSession } from "./closing.ts";
import type { Limits } from "./limits.ts";

/** What carries one answer. */
export type Answer = ServerResponse | ServerHttp2Stream;

/** How far an answer had got, and when it was first seen there. */
interface Standstill {
  readonly mark: number;
  readonly sinceMs: number;
  readonly isGivenUp: boolean;
}

/** One connection, as its protocol sees it: over TLS, the socket inside. */
export class Connection {
  readonly socket: Socket;
  session: ServerHttp2Session | undefined;
  /** Of HTTP/1.1: the answer to the request that came last. */
  latest: ServerResponse | undefined;
  retiredAtMs: number | undefined;
  #idleSinceMs = performance.now();
  readonly #open = new Map<Answer, Standstill | undefined>();
  #isCondemned = false;
  #resets = 0;
  #resetsAtMs = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  begin(answer: Answer): void {
    this.#open.set(answer, undefined);
  }

  /** A part of the answer was taken by the peer. */
  move(answer: Answer): void {
    if (this.#open.has(answer)) {
      this.#open.set(answer, undefined);
    }
  }

  end(answer: Answer): void {
    this.#open.delete(answer);
    if (this.#open.size === 0) {
      this.#idleSinceMs = performance.now();
    }
  }

  get openAnswers(): number {
    return this.#open.size;
  }

  /** Since when no call is under way; undefined while one is. */
  get idleSinceMs(): number | undefined {
    return this.#open.size === 0 ? this.#idleSinceMs : undefined;
  }

  /** Asks the peer to go, so that no call is lost that is already on its way. Only for an idle one. */
  retire(): void {
    this.retiredAtMs = performance.now();
    if (this.session === undefined) {
      this.socket.destroy();
    } else {
      drainSession(this.session);
    }
  }

  /** Ends answers that have made no progress for `timeoutMs`; when even that does not get through, the connection. */
  endStalled(nowMs: number, timeoutMs: number): void {
    for (const [answer, standstill] of this.#open) {
      const mark = waitingMark(answer);
      if (mark === undefined || standstill?.mark !== mark) {
        this.#open.set(answer, mark === undefined ? undefined : { mark, sinceMs: nowMs, isGivenUp: false });
      } else if (nowMs - standstill.sinceMs >= timeoutMs) {
        if (answer instanceof ServerResponse || standstill.isGivenUp) {
          this.socket.destroy();
          return;
        }
        this.#open.set(answer, { mark, sinceMs: nowMs, isGivenUp: true });
        answer.close(constants.NGHTTP2_CANCEL);
      }
    }
  }

  /** Counts a stream that the peer has reset. Beyond burst and rate (per second) the session ends (CVE-2023-44487). */
  countReset({ streamResetBurst, streamResetRate }: Limits): void {
    const nowMs = performance.now();
    const forgotten = ((nowMs - this.#resetsAtMs) / 1_000) * streamResetRate;
    this.#resets = Math.max(0, this.#resets - forgotten) + 1;
    this.#resetsAtMs = nowMs;
    if (this.#resets > streamResetBurst && !this.#isCondemned) {
      this.#condemn();
    }
  }

  /** Whether it takes no more calls. */
  get isCondemned(): boolean {
    return this.#isCondemned;
  }

  /**
   * Ends the session for a storm of resets. Many clients take a GOAWAY that names an error for an internal one, so calls
   * under way are answered first: every client of every protocol takes 503 for UNAVAILABLE.
   */
  #condemn(): void {
    this.#isCondemned = true;
    for (const answer of this.#open.keys()) {
      if (!(answer instanceof ServerResponse || answer.headersSent || answer.closed || answer.destroyed)) {
        answer.respond({ ":status": 503 }, { endStream: true });
      }
    }
    const { session } = this;
    setTimeout(() => {
      if (session?.destroyed === false) {
        const storm = Object.assign(new Error("too many calls were cancelled"), { code: "ENHANCE_YOUR_CALM" });
        session.destroy(storm, constants.NGHTTP2_ENHANCE_YOUR_CALM);
      }
    }, lastWordsMs);
  }
}

/** Where an answer stands that waits for its peer; undefined when it waits for us, or for the answer before it. */
function waitingMark(answer: Answer): number | undefined {
  const isWaiting = !answer.writableFinished && (answer.writableEnded || answer.writableLength > 0);
  if (!isWaiting) {
    return undefined;
  }
  return answer instanceof ServerResponse ? answer.socket?.bytesWritten : answer.writableLength;
}

/** When so many of all connections are open, idle ones are closed, the oldest first, until fewer than the second are. */
const crowdedShare = 0.9;
const relaxedShare = 0.8;
/** To look at all connections takes time itself. */
const makeRoomEveryMs = 20;
/** What a connection that was asked to go has until it is cut. */
const retirementMs = 2_000;
const longestSweepMs = 5_000;
/** What the last answers of a session that is ended have to reach the peer. */
const lastWordsMs = 100;

/** All connections that speak a protocol, and the bounds in time that no single call can hold. */
export class Connections {
  readonly #limits: Limits;
  readonly #all = new Map<Socket | Http2Session, Connection>();
  readonly #countSockets: () => number;
  #timer: NodeJS.Timeout | undefined;
  #madeRoomAtMs = 0;

  constructor(limits: Limits, countSockets: () => number) {
    this.#limits = limits;
    this.#countSockets = countSockets;
  }

  add(socket: Socket): Connection {
    const connection = new Connection(socket);
    this.#all.set(socket, connection);
    socket.once("close", () => {
      this.#all.delete(socket);
      if (connection.session !== undefined) {
        this.#all.delete(connection.session);
      }
    });
    this.#makeRoom();
    this.#timer ??= setInterval(() => this.#sweep(), this.#sweepMs()).unref();
    return connection;
  }

  /** From now on the connection is found by its session too: the socket of a session is not the one that it was given. */
  setSession(connection: Connection, session: ServerHttp2Session): void {
    connection.session = session;
    this.#all.set(session, connection);
  }

  get(key: Socket | Http2Session | undefined): Connection | undefined {
    return key === undefined ? undefined : this.#all.get(key);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sweepMs(): number {
    const { writeTimeoutMs, sessionIdleTimeoutMs } = this.#limits;
    return Math.min(longestSweepMs, writeTimeoutMs / 4, sessionIdleTimeoutMs / 4);
  }

  #sweep(): void {
    const { writeTimeoutMs, sessionIdleTimeoutMs } = this.#limits;
    const nowMs = performance.now();
    for (const connection of this.#connections()) {
      const { retiredAtMs, idleSinceMs = nowMs, session } = connection;
      connection.endStalled(nowMs, writeTimeoutMs);
      if (retiredAtMs !== undefined) {
        if (connection.openAnswers === 0 && nowMs - retiredAtMs >= retirementMs) {
          connection.socket.destroy();
        }
      } else if (session !== undefined && nowMs - idleSinceMs >= sessionIdleTimeoutMs) {
        connection.retire();
      }
    }
  }

  #makeRoom(): void {
    const { maxConnections } = this.#limits;
    const nowMs = performance.now();
    if (this.#countSockets() < maxConnections * crowdedShare || nowMs - this.#madeRoomAtMs < makeRoomEveryMs) {
      return;
    }
    this.#madeRoomAtMs = nowMs;
    const staying = [...this.#connections()].filter(({ retiredAtMs }) => retiredAtMs === undefined);
    const tooMany = Math.ceil(staying.length - maxConnections * relaxedShare);
    staying
      .filter(({ idleSinceMs }) => idleSinceMs !== undefined)
      .sort((one, other) => (one.idleSinceMs ?? 0) - (other.idleSinceMs ?? 0))
      .slice(0, Math.max(0, tooMany))
      .forEach((connection) => {
        connection.retire();
      });
  }

  *#connections(): Iterable<Connection> {
    for (const [key, connection] of this.#all) {
      if (key === connection.socket) {
        yield connection;
      }
    }
  }
}
