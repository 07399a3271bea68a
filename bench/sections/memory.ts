import { setTimeout as sleep } from "node:timers/promises";
import { readCall } from "../calls.ts";
import { residentMegabytes } from "../process-facts.ts";
import type { Row, Sample } from "../results.ts";
import { databaseKinds, databaseTitles, onScene, usualNumbers, type Vault } from "../scene.ts";
import type { DatabaseKind, Stage } from "../stage.ts";
import { startZsc } from "../zsc-server.ts";
import type { Section } from "./section.ts";

const phases: readonly { readonly id: string; readonly inFlight: number; readonly what: string }[] = [
  { id: "64", inFlight: 64, what: "" },
  { id: "256", inFlight: 256, what: "" },
  { id: "1024", inFlight: 1_024, what: "" },
  { id: "256-again", inFlight: 256, what: ", after 1,024" },
];

const leastPhaseSeconds = 4;
const lookEveryMs = 50;

export const memorySection: Section = {
  name: "memory",
  title: "Resident memory under gRPC reads",
  about:
    "`VmRSS` of one fresh server while it answers, first at 64, then 256, 1,024 and again 256 calls in flight, " +
    "four seconds each: median and range over the second half of each phase.",
  unit: "MB",
  measure: (stage) =>
    onScene(stage, async (scene) => {
      const rows: Row[] = [];
      for (const kind of databaseKinds) {
        rows.push(...(await memoryOf(stage, kind, await scene.vault(kind))));
      }
      return rows;
    }),
};

async function memoryOf(stage: Stage, kind: DatabaseKind, { url }: Vault): Promise<readonly Row[]> {
  const server = await startZsc({ url, keys: stage.keys });
  try {
    const idle = [{ value: residentMegabytes(server.pid) }];
    const rows: Row[] = [
      { id: `memory/${kind}/0`, what: databaseTitles[kind], inFlight: 0, samples: idle, ratios: [] },
    ];
    for (const { id, inFlight, what } of phases) {
      stage.progress.show(`${databaseTitles[kind]}, ${inFlight} in flight`);
      const samples = await watch(stage, server, inFlight);
      rows.push({ id: `memory/${kind}/${id}`, what: `${databaseTitles[kind]}${what}`, inFlight, samples, ratios: [] });
    }
    return rows;
  } finally {
    await server.stop();
  }
}

async function watch(stage: Stage, server: { readonly port: number; readonly pid: number }, inFlight: number) {
  const { generator, options, tokens } = stage;
  const seconds = options.quick ? options.seconds : Math.max(leastPhaseSeconds, options.seconds);
  const call = readCall("grpc", usualNumbers, tokens);
  let running = true;
  const half = { warmUp: { seconds: seconds / 2, calls: 0 }, seconds: seconds / 2, pids: [] };
  const load = generator.run({ ...call, ports: [server.port], inFlight, ...half }).finally(() => {
    running = false;
  });
  const samples: Sample[] = [];
  await Promise.race([load, sleep(500 * seconds)]);
  while (running) {
    samples.push({ value: residentMegabytes(server.pid) });
    await Promise.race([load, sleep(lookEveryMs)]);
  }
  const { failed, firstFailure } = await load;
  return [...samples.slice(0, -1), { value: residentMegabytes(server.pid), failed, firstFailure }];
}
