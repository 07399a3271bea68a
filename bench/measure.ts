import type { Call } from "./calls.ts";
import type { Outcome, WarmUp } from "./load/load.ts";
import type { Ratio, Row, Sample } from "./results.ts";
import type { Stage } from "./stage.ts";

/** Something that is measured once in every round. */
export interface Contender {
  readonly id: string;
  readonly what: string;
  readonly inFlight?: number;
  /** The yardsticks that its value is divided by, among the same contenders. */
  readonly against?: readonly Yardstick[];
  measure(warmUp: WarmUp): Promise<Sample>;
}

export interface Yardstick {
  /** One contender, or several whose values are added. */
  readonly ids: readonly string[];
  /** As the ratio is to be read: "0.62 of the bare echo". */
  readonly as: string;
  /** What is compared, when it is not the value. */
  readonly figure?: (sample: Sample) => number;
}

/** A server that has answered less runs code that is not compiled yet, at several times the price. */
const firstWarmUp: WarmUp = { seconds: 1, calls: 20_000 };
const laterWarmUp: WarmUp = { seconds: 0.25, calls: 0 };

/** Measures all of them in turn, A B C A B C …, so that whatever else the machine does meets all of them alike. */
export async function measureInTurn(
  { options, progress }: Pick<Stage, "options" | "progress">,
  contenders: readonly Contender[],
): Promise<readonly Row[]> {
  const samples = new Map<string, Sample[]>(contenders.map(({ id }) => [id, []]));
  for (let round = 1; round <= options.rounds; round++) {
    for (const [index, { id, what, inFlight, measure }] of contenders.entries()) {
      const load = inFlight === undefined ? what : `${what}, ${inFlight} in flight`;
      progress.show(`round ${round} of ${options.rounds}, ${index + 1} of ${contenders.length}: ${load}`);
      const warmUp = round === 1 && !options.quick ? firstWarmUp : laterWarmUp;
      samples.get(id)?.push(await measure(warmUp));
    }
  }
  return contenders.map(({ id, what, inFlight, against = [] }) => ({
    id,
    what,
    ...(inFlight === undefined ? {} : { inFlight }),
    samples: samples.get(id) ?? [],
    ratios: against.map((yardstick) => ratioOf(samples, id, yardstick)),
  }));
}

function ratioOf(
  samples: ReadonlyMap<string, readonly Sample[]>,
  id: string,
  { ids, as, figure = ({ value }) => value }: Yardstick,
): Ratio {
  const yardsticks = ids.map((one) => samples.get(one));
  if (yardsticks.includes(undefined)) {
    throw new Error(`${id} is compared with something that is not measured`);
  }
  const yardstickIn = (round: number) => yardsticks.reduce((sum, each) => sum + figureIn(each?.[round]), 0);
  const figureIn = (sample: Sample | undefined) => (sample === undefined ? Number.NaN : figure(sample));
  return { of: as, values: (samples.get(id) ?? []).map((sample, round) => figure(sample) / yardstickIn(round)) };
}

/** The yardstick of one contender. */
export function of(id: string, as: string): Yardstick {
  return { ids: [id], as };
}

/** The CPU of a call, of server and database together, beside that of one contender. */
export function cpuOf(id: string, as: string): Yardstick {
  return { ids: [id], as, figure: ({ serverCpuUs = 0, databaseCpuUs = 0 }) => serverCpuUs + databaseCpuUs };
}

/** The median time of a call beside that of one contender. */
export function p50Of(id: string, as: string): Yardstick {
  return { ids: [id], as, figure: ({ p50Ms = Number.NaN }) => p50Ms };
}

/** Who answers a load. */
export interface Target {
  readonly ports: readonly number[];
  /** Of the servers. */
  readonly pids: readonly number[];
  readonly databasePid?: number;
}

export interface Loading extends Omit<Contender, "measure" | "inFlight"> {
  readonly inFlight: number;
  readonly call: Call;
  readonly target: Target;
}

/** A contender whose value is calls a second under a load. */
export function loadOf(stage: Stage, { call, target, ...rest }: Loading): Contender {
  return {
    ...rest,
    measure: async (warmUp) => sampleOf(await runLoad(stage, call, target, rest.inFlight, warmUp), target),
  };
}

export function runLoad(
  { generator, options }: Stage,
  call: Call,
  { ports, pids, databasePid }: Target,
  inFlight: number,
  warmUp: WarmUp,
): Promise<Outcome> {
  const watched = databasePid === undefined ? pids : [...pids, databasePid];
  return generator.run({ ...call, ports, inFlight, warmUp, seconds: options.seconds, pids: watched });
}

function sampleOf(
  { perSecond, p50Ms, p99Ms, cpuUs, failed, firstFailure }: Outcome,
  { pids, databasePid }: Target,
): Sample {
  const serverCpuUs = cpuUs.slice(0, pids.length).reduce((sum, each) => sum + each, 0);
  const databaseCpuUs = databasePid === undefined ? undefined : cpuUs.at(-1);
  return {
    value: perSecond,
    p50Ms,
    p99Ms,
    serverCpuUs,
    ...(databaseCpuUs === undefined ? {} : { databaseCpuUs }),
    failed,
    firstFailure,
  };
}
