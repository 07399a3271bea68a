import { type RunResult, rowOf, spreadOf } from "./results.ts";

/** What the vault is to reach. It is shown, never asserted: a figure that is missed is a finding, not a failure. */
interface Goal {
  readonly what: string;
  /** A row, and its ratio to a yardstick; without one, its value. */
  readonly id: string;
  readonly ratio?: number;
  readonly wanted: { readonly atLeast: number } | { readonly atMost: number };
}

const databases = [
  { kind: "sqlite", title: "SQLite", ofRawEcho: 0.42, calls: 2.3, cpu: 0.35 },
  { kind: "mariadb", title: "MariaDB", ofRawEcho: 0.28, calls: 1.8, cpu: 0.5 },
] as const;

/** Those of the section `against` are for commit 2076449 as the other checkout. */
const goals: readonly Goal[] = [
  { what: "our echo of raw node:http2's, 256", id: "echo/fast-grpc/256", ratio: 1, wanted: { atLeast: 3 } },
  ...databases.flatMap(({ kind, title, ofRawEcho, calls, cpu }): readonly Goal[] => [
    {
      what: `read of raw node:http2's echo, ${title}, 256`,
      id: `read/${kind}/256`,
      ratio: 2,
      wanted: { atLeast: ofRawEcho },
    },
    {
      what: `read of the other checkout's, ${title}, 64`,
      id: `against/${kind}/64/here`,
      ratio: 0,
      wanted: { atLeast: 1.8 },
    },
    {
      what: `read of the other checkout's, ${title}, 256`,
      id: `against/${kind}/256/here`,
      ratio: 0,
      wanted: { atLeast: calls },
    },
    {
      what: `its CPU of the other's, ${title}, 256`,
      id: `against/${kind}/256/here`,
      ratio: 1,
      wanted: { atMost: cpu },
    },
    {
      what: `its p50 of the other's, ${title}, one in flight`,
      id: `against/${kind}/1/here`,
      ratio: 2,
      wanted: { atMost: 0.75 },
    },
    {
      what: `10^6 secrets, 10^7 rows, ${title}`,
      id: `scale/${kind}/1000000-10000000`,
      ratio: 0,
      wanted: { atLeast: 0.9 },
    },
    { what: `verify, rows/s, ${title}`, id: `verify/${kind}`, wanted: { atLeast: 250_000 } },
    { what: `first answer, ms after start, ${title}`, id: `start/${kind}`, wanted: { atMost: 1_000 } },
    { what: `resident MB at 256 in flight, ${title}`, id: `memory/${kind}/256`, wanted: { atMost: 145 } },
    { what: `resident MB at 256 after 1,024, ${title}`, id: `memory/${kind}/256-again`, wanted: { atMost: 145 } },
  ]),
  { what: "Connect read of the gRPC read, 256", id: "framings/connect/256", ratio: 0, wanted: { atLeast: 1 } },
  { what: "Connect read of the gRPC read, 64", id: "framings/connect/64", ratio: 0, wanted: { atLeast: 1 } },
  { what: "JSON info of the gRPC read, 256", id: "framings/info/256", ratio: 0, wanted: { atLeast: 1 } },
  { what: "JSON info of the gRPC read, 64", id: "framings/info/64", ratio: 0, wanted: { atLeast: 1 } },
  ...databases.flatMap(({ kind, title }) =>
    ["get-key", "get-token"].flatMap((name) =>
      [64, 256].map(
        (inFlight): Goal => ({
          what: `/v1 ${name} of the gRPC read, ${title}, ${inFlight}`,
          id: `vault-api/${kind}/${name}/${inFlight}`,
          ratio: 0,
          wanted: { atLeast: 0.8 },
        }),
      ),
    ),
  ),
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
