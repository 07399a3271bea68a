import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { errorCodes, SessionError } from "../http2/protocol.ts";
import type { Http2Session } from "../http2/session.ts";
import { Http2Stream } from "../http2/stream.ts";
import type { Limits } from "../limits.ts";

/** The answer to one request, or all of a session. */
export interface Answer {
  /** The progress of what waits for the peer; undefined when it waits for the server or another answer. */
  readonly waitingMark: number | undefined;
}

/** The progress of a response, and when it was first seen at that point. */
interface Standstill {
  readonly mark: number;
  readonly sinceMs: number;
}

/** One connection. `socket` is the one that the protocol uses: with TLS, the TLS socket. */
export class Connection {
  readonly socket: Socket;
  session: Http2Session | undefined;
  /** Of node:http only: the response to the latest request. */
  latest: ServerResponse | undefined;
  /** How long it may be idle; undefined where node:http looks after that. */
  idleTimeoutMs: number | undefined;
  retiredAtMs: number | undefined;
  #idleSinceMs = performance.now();
  /** HTTP/1.1 only: a session knows its streams. */
  readonly #answers = new Set<Answer>();
  /** What waits for the peer. */
  #standstills = new Map<Answer, Standstill>();
  #isCondemned = false;
  #resets = 0;
  #resetsAtMs = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  begin(answer: Answer): void {
    this.#answers.add(answer);
  }

  /** Records that the peer has received a part of the answer. */
  move(answer: Answer): void {
    if (this.#standstills.size > 0) {
      this.#standstills.delete(answer);
    }
  }

  end(answer: Answer): void {
    this.#answers.delete(answer);
    this.move(answer);
    if (this.#answers.size === 0) {
      this.becameIdle();
    }
  }

  becameIdle(): void {
    this.#idleSinceMs = performance.now();
  }

  get openAnswers(): number {
    return this.session?.openStreams ?? this.#answers.size;
  }

  /** When the connection became idle; undefined while a call is in flight. */
  get idleSinceMs(): number | undefined {
    return this.openAnswers === 0 ? this.#idleSinceMs : undefined;
  }

  /** Closes an idle connection gracefully, without losing a call that was already sent. */
  retire(): void {
    this.retiredAtMs = performance.now();
    if (this.session === undefined) {
      this.socket.destroy();
    } else {
      this.session.drain();
    }
  }

  /** Aborts answers without progress for `timeoutMs`, and the connection when nothing gets through to the peer. */
  endStalled(nowMs: number, timeoutMs: number): void {
    const before = this.#standstills;
    this.#standstills = new Map();
    for (const part of this.#parts()) {
      const mark = part.waitingMark;
      if (mark === undefined) {
        continue;
      }
      const known = before.get(part);
      const standstill = known?.mark === mark ? known : { mark, sinceMs: nowMs };
      this.#standstills.set(part, standstill);
      if (nowMs - standstill.sinceMs < timeoutMs) {
        continue;
      }
      if (!(part instanceof Http2Stream)) {
        this.socket.destroy();
        return;
      }
      part.reset(errorCodes.CANCEL);
    }
  }

  *#parts(): Iterable<Answer> {
    yield* this.#answers;
    if (this.session !== undefined) {
      yield this.session;
      yield* [...this.session.streams()];
    }
  }

  /**
   * Counts a stream that was reset by the peer, or because of it. Beyond burst and rate (per second) the session is
   * closed (CVE-2023-44487, CVE-2025-8671).
   */
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
    const { session } = this;
    for (const stream of [...(session?.streams() ?? [])]) {
      if (!stream.hasAnswered) {
        stream.answer([":status", "503"], undefined, undefined);
      }
    }
    setTimeout(() => {
      session?.fail(new SessionError("ENHANCE_YOUR_CALM", "too many calls were cancelled"));
    }, lastWordsMs);
  }
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
  readonly #all = new Map<Socket, Connection>();
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
    });
    this.#makeRoom();
    this.#timer ??= setInterval(() => this.#sweep(), this.#sweepMs()).unref();
    return connection;
  }

  get(socket: Socket): Connection | undefined {
    return this.#all.get(socket);
  }

  /** Closes the idle connections that have no other way to be told to close. node:http closes its own. */
  closeIdle(): void {
    for (const connection of this.#all.values()) {
      const { session, idleTimeoutMs, openAnswers } = connection;
      if (session === undefined && idleTimeoutMs !== undefined && openAnswers === 0) {
        connection.retire();
      }
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sweepMs(): number {
    const { writeTimeoutMs, sessionIdleTimeoutMs, keepAliveTimeoutMs, headersTimeoutMs } = this.#limits;
    return Math.min(
      longestSweepMs,
      ...[writeTimeoutMs, sessionIdleTimeoutMs, keepAliveTimeoutMs, headersTimeoutMs].map((ms) => ms / 4),
    );
  }

  #sweep(): void {
    const { writeTimeoutMs } = this.#limits;
    const nowMs = performance.now();
    for (const connection of this.#all.values()) {
      const { retiredAtMs, idleSinceMs = nowMs, idleTimeoutMs, session } = connection;
      connection.endStalled(nowMs, writeTimeoutMs);
      session?.trim();
      if (retiredAtMs !== undefined) {
        if (connection.openAnswers === 0 && nowMs - retiredAtMs >= retirementMs) {
          connection.socket.destroy();
        }
      } else if (idleTimeoutMs !== undefined && nowMs - idleSinceMs >= idleTimeoutMs) {
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
    const staying = [...this.#all.values()].filter(({ retiredAtMs }) => retiredAtMs === undefined);
    const tooMany = Math.ceil(staying.length - maxConnections * relaxedShare);
    staying
      .filter(({ idleSinceMs }) => idleSinceMs !== undefined)
      .sort((one, other) => (one.idleSinceMs ?? 0) - (other.idleSinceMs ?? 0))
      .slice(0, Math.max(0, tooMany))
      .forEach((connection) => {
        connection.retire();
      });
  }
}
