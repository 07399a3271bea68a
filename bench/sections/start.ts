import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { readCall } from "../calls.ts";
import { callOnce } from "../load/run-load.ts";
import { type Contender, measureInTurn } from "../measure.ts";
import { cpuSecondsOf } from "../process-facts.ts";
import type { Sample } from "../results.ts";
import { databaseKinds, databaseTitles, onScene } from "../scene.ts";
import type { Stage } from "../stage.ts";
import { launchZsc, type Server } from "../zsc-server.ts";
import type { Section } from "./section.ts";

const answerWithinMs = 60_000;
const tryAgainMs = 2;

export const startSection: Section = {
  name: "start",
  title: "From start to first answer",
  about:
    "Milliseconds from the start of the process to the answer of a gRPC read, on a vault of 1,000 secrets, " +
    "and the CPU time that it used until then.",
  unit: "ms",
  measure: (stage) =>
    onScene(stage, async (scene) => {
      const contenders: Contender[] = [{ id: "start/node", what: "Node itself, doing nothing", measure: startNode }];
      for (const kind of databaseKinds) {
        const { url } = await scene.vault(kind);
        contenders.push({ id: `start/${kind}`, what: databaseTitles[kind], measure: () => startOnce(stage, url) });
      }
      return await measureInTurn(stage, contenders);
    }),
};

async function startNode(): Promise<Sample> {
  const began = performance.now();
  await promisify(execFile)(process.execPath, ["--eval", ""]);
  return { value: performance.now() - began };
}

async function startOnce(stage: Stage, url: string): Promise<Sample> {
  const server = await launchZsc({ url, keys: stage.keys });
  try {
    const value = await untilAnswer(stage, server);
    return { value, serverCpuUs: 1_000_000 * cpuSecondsOf(server.pid) };
  } finally {
    await server.stop();
  }
}

async function untilAnswer({ tokens }: Stage, server: Server): Promise<number> {
  const call = readCall("grpc", [1], tokens);
  const load = { ...call, ports: [server.port], inFlight: 1, warmUp: { seconds: 0, calls: 0 }, seconds: 0, pids: [] };
  const giveUpAt = server.startedMs + answerWithinMs;
  while (performance.now() < giveUpAt && !server.hasEnded()) {
    // Refused until it listens.
    const answered = await callOnce(load).catch(() => false);
    if (answered) {
      return performance.now() - server.startedMs;
    }
    await sleep(tryAgainMs);
  }
  throw new Error("the server did not answer");
}
