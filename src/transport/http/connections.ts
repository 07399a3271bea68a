import { ServerResponse } from "node:http";
import { constants, type Http2Session, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Limits } from "../limits.ts";
import { drainSession } from "./session-lifetime.ts";

/** The stream of one response. */
export type Answer = ServerResponse | ServerHttp2Stream;

/** The progress of a response, and when it was first seen at that point. */
interface Standstill {
  readonly mark: number;
  readonly sinceMs: number;
  readonly isGivenUp: boolean;
}

/** One connection. `socket` is the one that the protocol uses: with TLS, the TLS socket. */
export class Connection {
  readonly socket: Socket;
  session: ServerHttp2Session | undefined;
  /** HTTP/1.1 only: the response to the latest request. */
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

  /** Records that the peer has received a part of the response. */
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

  /** When the connection became idle; undefined while a call is in flight. */
  get idleSinceMs(): number | undefined {
    return this.#open.size === 0 ? this.#idleSinceMs : undefined;
  }

  /** Closes an idle connection gracefully, without losing a call that was already sent. */
  retire(): void {
    this.retiredAtMs = performance.now();
    if (this.session === undefined) {
      this.socket.destroy();
    } else {
      drainSession(this.session);
    }
  }

  /** Aborts responses without progress for `timeoutMs`; destroys the connection when the abort does not get through. */
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

  /** Counts a stream reset by the peer. Beyond burst and rate (per second) the session is closed (CVE-2023-44487). */
  countReset({ streamResetBurst, streamResetRate }: Limits): void {
    const nowMs = performance.now();
    const forgotten = ((nowMs - this.#resetsAtMs) / 1_000) * streamResetRate;
    this.#resets = Math.max(0, this.#resets - forgotten) + 1;
    this.#resetsAtMs = nowMs;
    if (this.#resets > streamResetBurst && !this.#isCondemned) {
      this.#condemn();
    }
  }

  /** Whether it rejects new calls. */
  get isCondemned(): boolean {
    return this.#isCondemned;
  }

  /**
   * Closes the session after too many resets. Many clients treat a GOAWAY with an error code as an internal error, so
   * the calls in flight are answered first, with 503: clients of every protocol treat that as UNAVAILABLE.
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

/** The progress of a response that waits for the peer; undefined when it waits for the server or another response. */
function waitingMark(answer: Answer): number | undefined {
  const isWaiting = !answer.writableFinished && (answer.writableEnded || answer.writableLength > 0);
  if (!isWaiting) {
    return undefined;
  }
  return answer instanceof ServerResponse ? answer.socket?.bytesWritten : answer.writableLength;
}

/** At this share of `maxConnections`, idle connections are closed, the longest idle first. */
const crowdedShare = 0.9;
const relaxedShare = 0.8;
/** The minimum time between two scans of all connections for idle ones. */
const makeRoomEveryMs = 20;
/** How long a peer may take to close a retired connection before it is destroyed. */
const retirementMs = 2_000;
const longestSweepMs = 5_000;
/** How long the last responses may take before the session is destroyed. */
const lastWordsMs = 100;

/** All connections whose protocol is known, and the timeouts that apply to connections rather than calls. */
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

  /** Registers the connection by its session, too: `session.socket` is a proxy and not the connection's socket. */
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
