import { setTimeout as sleep } from "node:timers/promises";
import { cpuSecondsOf } from "../process-facts.ts";
import { openHttp1 } from "./http1-wire.ts";
import { openHttp2 } from "./http2-wire.ts";
import { http2Connections, type Load, type Outcome, type WarmUp } from "./load.ts";
import { Recorder } from "./recorder.ts";
import type { Wire } from "./wire.ts";

const lastAnswersWithinMs = 30_000;
/** Times what was asked for. */
const longestWarmUp = 4;

/** Carries out one load, from connections of its own. */
export async function runLoad(load: Load): Promise<Outcome> {
  const recorder = new Recorder();
  const shares = sharesOf(load);
  const wires = await Promise.all(shares.map((_, index) => openWire(load, index, recorder)));
  wires.forEach((wire, index) => {
    wire.start(shares[index] ?? 1);
  });
  await warmedUp(load.warmUp, recorder);
  const usedBefore = load.pids.map(cpuSecondsOf);
  const ownBefore = process.cpuUsage();
  recorder.begin();
  const began = performance.now();
  await sleep(load.seconds * 1_000);
  recorder.end();
  const seconds = (performance.now() - began) / 1_000;
  const own = process.cpuUsage(ownBefore);
  const used = load.pids.map((pid, index) => cpuSecondsOf(pid) - (usedBefore[index] ?? 0));
  await Promise.all(wires.map((wire) => wire.stop(lastAnswersWithinMs)));
  const result = recorder.result();
  const perCall = (cpuSeconds: number) => (1_000_000 * cpuSeconds) / Math.max(1, result.calls);
  return {
    ...result,
    perSecond: result.calls / seconds,
    cpuUs: used.map(perCall),
    ownCpuUs: perCall((own.user + own.system) / 1_000_000),
  };
}

async function warmedUp({ seconds, calls }: WarmUp, recorder: Recorder): Promise<void> {
  const began = performance.now();
  await sleep(1_000 * seconds);
  const giveUpAt = began + longestWarmUp * 1_000 * seconds;
  while (recorder.answeredCalls < calls && performance.now() < giveUpAt) {
    await sleep(20);
  }
}

/** Sends one call on a connection of its own. Rejects when nobody listens; false when it was not answered well. */
export async function callOnce(load: Load): Promise<boolean> {
  const recorder = new Recorder();
  recorder.begin();
  const wire = await openWire(load, 0, recorder);
  wire.start(1);
  await wire.stop(lastAnswersWithinMs);
  return recorder.result().calls === 1;
}

/** How many calls each connection carries. */
function sharesOf({ wire, inFlight }: Load): readonly number[] {
  const count = wire === "http1" ? inFlight : http2Connections(inFlight);
  return Array.from({ length: count }, (_, index) => Math.floor((inFlight + index) / count));
}

function openWire(load: Load, index: number, recorder: Recorder): Promise<Wire> {
  const port = load.ports[index % load.ports.length];
  if (port === undefined) {
    throw new Error("a load without a port");
  }
  const open = load.wire === "http1" ? openHttp1 : openHttp2;
  return open(load, port, index + 1, recorder);
}
