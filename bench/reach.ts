import { type RunResult, rowOf, spreadOf } from "./results.ts";

/** What the vault is to reach. It is shown, never asserted: a figure that is missed is a finding, not a failure. */
interface Goal {
  readonly what: string;
  /** A row, and its ratio to a yardstick; without one, its value. */
  readonly id: string;
  readonly ratio?: number;
  readonly wanted: { readonly atLeast: number } | { readonly atMost: number };
}

const goals: readonly Goal[] = [
  { what: "read of its echo, MariaDB, 256 in flight", id: "read/mariadb/256", ratio: 0, wanted: { atLeast: 0.7 } },
  { what: "read of its echo, MariaDB, 64 in flight", id: "read/mariadb/64", ratio: 0, wanted: { atLeast: 0.5 } },
  { what: "Connect read of the gRPC read, 256", id: "framings/connect/256", ratio: 0, wanted: { atLeast: 1 } },
  { what: "Connect read of the gRPC read, 64", id: "framings/connect/64", ratio: 0, wanted: { atLeast: 1 } },
  { what: "JSON info of the gRPC read, 256", id: "framings/info/256", ratio: 0, wanted: { atLeast: 1 } },
  { what: "JSON info of the gRPC read, 64", id: "framings/info/64", ratio: 0, wanted: { atLeast: 1 } },
  { what: "read of the naive read, MariaDB, 256", id: "naive/mariadb/group/256", ratio: 0, wanted: { atLeast: 12 } },
  { what: "read of the naive read, MariaDB, 64", id: "naive/mariadb/group/64", ratio: 0, wanted: { atLeast: 12 } },
  { what: "read of stock Connect's echo, MariaDB, 256", id: "read/mariadb/256", ratio: 1, wanted: { atLeast: 3 } },
  { what: "one in flight: p50 of echo + commit, SQLite", id: "latency/sqlite/read", ratio: 0, wanted: { atMost: 1.3 } },
  {
    what: "one in flight: p50 of echo + commit, MariaDB",
    id: "latency/mariadb/read",
    ratio: 0,
    wanted: { atMost: 1.3 },
  },
  { what: "10^6 secrets, 10^7 rows, SQLite", id: "scale/sqlite/1000000-10000000", ratio: 0, wanted: { atLeast: 0.9 } },
  {
    what: "10^6 secrets, 10^7 rows, MariaDB",
    id: "scale/mariadb/1000000-10000000",
    ratio: 0,
    wanted: { atLeast: 0.9 },
  },
  { what: "verify, rows/s, SQLite", id: "verify/sqlite", wanted: { atLeast: 250_000 } },
  { what: "verify, rows/s, MariaDB", id: "verify/mariadb", wanted: { atLeast: 250_000 } },
  { what: "first answer, ms after start, SQLite", id: "start/sqlite", wanted: { atMost: 1_000 } },
  { what: "first answer, ms after start, MariaDB", id: "start/mariadb", wanted: { atMost: 1_000 } },
  { what: "resident MB at 256 in flight, MariaDB", id: "memory/mariadb/256", wanted: { atMost: 150 } },
  { what: "resident MB at 256 after 1,024, MariaDB", id: "memory/mariadb/256-again", wanted: { atMost: 150 } },
];

export interface Reached {
  readonly what: string;
  readonly wanted: string;
  readonly median: number;
  readonly reached: boolean;
}

/** The goals whose figures are in the run. */
export function reachOf(result: RunResult): readonly Reached[] {
  return goals.flatMap(({ what, id, ratio, wanted }) => {
    const row = rowOf(result, id);
    const values = ratio === undefined ? row?.samples.map(({ value }) => value) : row?.ratios[ratio]?.values;
    const median = spreadOf(values ?? [])?.median;
    if (median === undefined) {
      return [];
    }
    return "atLeast" in wanted
      ? [{ what, wanted: `≥ ${wanted.atLeast.toLocaleString("en")}`, median, reached: median >= wanted.atLeast }]
      : [{ what, wanted: `≤ ${wanted.atMost.toLocaleString("en")}`, median, reached: median <= wanted.atMost }];
  });
}
