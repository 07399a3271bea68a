import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram, run } from "../../test/support/programs.ts";
import type { Call } from "../calls.ts";
import { http2Connections } from "./load.ts";

export interface H2loadRun {
  readonly port: number;
  /** Of one request, since h2load sends the same body every time, and without a token: headers go through its arguments. */
  readonly call: Call;
  readonly inFlight: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** Whether Debian's `nghttp2-client` is here. */
export function findH2load(): string | undefined {
  return findProgram("h2load");
}

/** The same load as our own generator's, sent by h2load. */
export async function runH2load(program: string, { port, call, inFlight, warmUpSeconds, seconds }: H2loadRun) {
  const folder = mkdtempSync(join(tmpdir(), "zsc-h2load-"));
  try {
    const [request] = call.requests;
    if (request === undefined || call.requests.length > 1) {
      throw new Error("h2load sends one request");
    }
    const data = join(folder, "body");
    const log = join(folder, "log");
    writeFileSync(data, Buffer.from(request.body, "base64"));
    const connections = call.wire === "http1" ? inFlight : http2Connections(inFlight);
    const printed = await run(program, [
      ...(call.wire === "http1" ? ["--h1"] : []),
      `--clients=${connections}`,
      `--max-concurrent-streams=${Math.max(1, Math.floor(inFlight / connections))}`,
      `--warm-up-time=${Math.round(1_000 * warmUpSeconds)}ms`,
      `--duration=${Math.round(1_000 * seconds)}ms`,
      `--data=${data}`,
      `--log-file=${log}`,
      ...Object.entries(call.headers).map(([name, value]) => `--header=${name}: ${value}`),
      `http://127.0.0.1:${port}${request.path}`,
    ]);
    return { ...timesIn(readFileSync(log, "utf8")), ...countsIn(printed) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function countsIn(printed: string) {
  const perSecond = /, ([\d.]+) req\/s/.exec(printed)?.[1];
  const bad = /(\d+) failed, (\d+) errored, (\d+) timeout/.exec(printed);
  if (perSecond === undefined || bad === null) {
    throw new Error(`h2load printed something else:\n${printed}`);
  }
  const failed = Number(bad[1]) + Number(bad[2]) + Number(bad[3]);
  return { value: Number(perSecond), failed, firstFailure: failed > 0 ? "see h2load" : null };
}

/** One line for each request: when it was sent, its status, microseconds until its end. */
function timesIn(log: string): { readonly p50Ms: number; readonly p99Ms: number } {
  const lines = log.split("\n").filter((line) => line !== "");
  const sortedUs = Float64Array.from(lines, (line) => Number(line.split("\t")[2])).sort();
  const at = (part: number) => (sortedUs[Math.floor(part * (sortedUs.length - 1))] ?? 0) / 1_000;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
