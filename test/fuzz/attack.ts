import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { http1Bytes, http1Requests } from "./http1.ts";
import { http2Bytes, http2Resets } from "./http2.ts";
import { createRandom, mutate, type Random } from "./random.ts";
import type { Target } from "./target.ts";

/** What is done to one connection. */
interface Attack {
  readonly isHttp2: boolean;
  readonly pieces: readonly Buffer[];
  readonly pauseMs: number;
  /** Whether what comes back is read. */
  readonly reads: boolean;
  readonly ending: "wait" | "end" | "destroy" | "reset" | "stall";
}

const connectWithinMs = 5_000;
const patienceMs = { wait: 300, end: 300, destroy: 0, reset: 0, stall: 1_500 };

/** Plays one case to its end. That a server refuses or cuts a connection is no failure: only what it does to others is. */
export async function playCase(seed: number, caseNumber: number, target: Target): Promise<void> {
  const random = createRandom(seed, caseNumber);
  const attack = anyAttack(random, target);
  const opened = await open(target, attack.isHttp2);
  if (opened === undefined) {
    return;
  }
  const { socket } = opened;
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  if (attack.reads) {
    socket.resume();
  }
  for (const piece of attack.pieces) {
    if (!socket.writable) {
      break;
    }
    socket.write(piece);
    await sleep(attack.pauseMs);
  }
  if (attack.ending === "end") {
    socket.end();
  }
  await Promise.race([closed, sleep(patienceMs[attack.ending])]);
  if (attack.ending === "reset") {
    opened.reset();
  }
  socket.destroy();
}

function anyAttack(random: Random, target: Target): Attack {
  const make = random.pick([http1Bytes, http1Bytes, http1Bytes, http2Bytes, http2Bytes, http2Bytes, http2Resets]);
  const isHttp2 = make !== http1Bytes;
  if (!isHttp2 && random.chance(0.4)) {
    return { isHttp2, pieces: http1Requests(random, target), ...anyManner(random) };
  }
  const whole = make(random, target);
  const bytes = random.chance(0.3) ? mutate(random, whole) : whole;
  const shown = random.chance(0.2) ? bytes.subarray(0, random.int(bytes.length + 1)) : bytes;
  return {
    isHttp2: random.chance(0.02) ? !isHttp2 : isHttp2,
    pieces: split(random, shown),
    ...anyManner(random),
  };
}

function anyManner(random: Random): Pick<Attack, "pauseMs" | "reads" | "ending"> {
  return {
    pauseMs: random.pick([0, 0, 0, 1, 10]),
    reads: random.chance(0.85),
    ending: random.pick(["wait", "wait", "wait", "end", "end", "destroy", "destroy", "reset", "reset", "stall"]),
  };
}

function split(random: Random, bytes: Buffer): readonly Buffer[] {
  const pieces: Buffer[] = [];
  const most = random.pick([bytes.length, bytes.length, 20_000, 500, 40]);
  for (let at = 0; at < bytes.length && pieces.length < 60; ) {
    const size = pieces.length === 59 ? bytes.length : 1 + random.int(Math.max(1, most));
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

interface Opened {
  readonly socket: Socket;
  reset(): void;
}

async function open({ host, port, ca }: Target, isHttp2: boolean): Promise<Opened | undefined> {
  const below = connect({ host, port });
  below.on("error", () => undefined);
  const socket =
    ca === undefined
      ? below
      : connectTls({ socket: below, rejectUnauthorized: false, ALPNProtocols: [isHttp2 ? "h2" : "http/1.1"] });
  const isOpen = new Promise<boolean>((resolve) => {
    socket.once(ca === undefined ? "connect" : "secureConnect", () => resolve(true));
    socket.once("close", () => resolve(false));
  });
  socket.on("error", () => undefined);
  if (await Promise.race([isOpen, sleep(connectWithinMs, false)])) {
    return { socket, reset: () => below.resetAndDestroy() };
  }
  socket.destroy();
  return undefined;
}
