import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Peer, readPeers } from "./peers.ts";

/** What a run shall do. */
export interface Options {
  /** Names of sections; all when empty. */
  readonly only: readonly string[];
  readonly rounds: number;
  /** Of each single load. */
  readonly seconds: number;
  /** One round of very short loads, to see that everything works. Its figures mean nothing. */
  readonly quick: boolean;
  /** Vaults of a million secrets and ten million rows. */
  readonly large: boolean;
  /** Where large vaults are kept. */
  readonly cache: string;
  /** Another checkout of the project, built: its program is measured beside this one. */
  readonly against: string | undefined;
  /** Other servers, measured beside ours. */
  readonly peers: readonly Peer[];
  /** A file for all that was measured. */
  readonly json: string | undefined;
  /** A Markdown file whose part between the marks is to be replaced by the tables. */
  readonly write: string | undefined;
  readonly help: boolean;
}

export const usage = `npm run bench -- [options]

  --only NAME,…    these sections and no others
  --rounds N       how often everything is measured, in turn (3)
  --seconds S      how long each single load lasts (1.25)
  --quick          one very short round, to see that the benchmarks work
  --large          also vaults of 10^6 secrets and 10^7 rows: half an hour to make once, some 27 GB of disk
  --cache DIR      where the large vaults are kept (~/.cache/zsc-bench)
  --against DIR    measures the program of another checkout, built, beside this one, and nothing else
  --peers FILE     loads the servers that the file lists beside this one, over HTTP/1.1, and nothing else (docs/benchmarks.md)
  --json FILE      writes all that was measured
  --write FILE     puts the tables into a Markdown file, between its marks
`;

/** @throws Error with what is wrong on the command line */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      quick: { type: "boolean", default: false },
      large: { type: "boolean", default: false },
      cache: { type: "string" },
      against: { type: "string" },
      peers: { type: "string" },
      json: { type: "string" },
      write: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const { quick } = values;
  if (values.against !== undefined && values.peers !== undefined) {
    throw new Error("--against and --peers are measured in runs of their own");
  }
  const alone = [
    ...(values.against === undefined ? [] : ["against"]),
    ...(values.peers === undefined ? [] : ["peers"]),
  ];
  return {
    only: alone.length === 0 ? namesIn(values.only) : alone,
    rounds: Math.ceil(positive("rounds", values.rounds, quick ? 1 : 3, 100)),
    seconds: positive("seconds", values.seconds, quick ? 0.3 : 1.25, 600),
    quick,
    large: values.large,
    cache: values.cache ?? defaultCache(),
    against: values.against,
    peers: values.peers === undefined ? [] : readPeers(values.peers, process.env),
    json: values.json,
    write: values.write,
    help: values.help,
  };
}

function namesIn(list = ""): readonly string[] {
  return list.split(",").filter((name) => name !== "");
}

export function defaultCache(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "zsc-bench");
}

function positive(name: string, text: string | undefined, fallback: number, most: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (value > 0 && value <= most) {
    return value;
  }
  throw new Error(`--${name} must be a number above 0, at most ${most}`);
}
