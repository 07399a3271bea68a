/** What was measured in one go. */
export interface Sample {
  /** In the section's unit. */
  readonly value: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** CPU time for each call, microseconds. */
  readonly serverCpuUs?: number;
  readonly databaseCpuUs?: number;
  /** Calls that were not answered as they should be. */
  readonly failed?: number;
  readonly firstFailure?: string | null;
}

/** One thing that was measured in every round. */
export interface Row {
  /** Names it within the run, for example `read/mariadb/256`. */
  readonly id: string;
  readonly what: string;
  readonly inFlight?: number;
  /** One for each round. */
  readonly samples: readonly Sample[];
  readonly ratios: readonly Ratio[];
}

/** A row against its yardstick, round by round. */
export interface Ratio {
  readonly of: string;
  readonly values: readonly number[];
}

export interface SectionResult {
  readonly name: string;
  readonly title: string;
  /** What the figures mean. */
  readonly about: string;
  readonly unit: string;
  readonly rows: readonly Row[];
}

export interface RunResult {
  readonly at: string;
  readonly environment: Readonly<Record<string, string | number>>;
  readonly sections: readonly SectionResult[];
}

/** The row of that id, whichever section holds it. */
export function rowOf({ sections }: RunResult, id: string): Row | undefined {
  return sections.flatMap(({ rows }) => rows).find((row) => row.id === id);
}

export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Undefined when there is nothing that is a finite number. */
export function spreadOf(values: readonly (number | undefined)[]): Spread | undefined {
  const sorted = values
    .filter((value): value is number => value !== undefined && Number.isFinite(value))
    .sort((a, b) => a - b);
  const lowest = sorted[0];
  const highest = sorted.at(-1);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (lowest === undefined || highest === undefined || upper === undefined || lower === undefined) {
    return undefined;
  }
  return { median: (lower + upper) / 2, lowest, highest };
}
