import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { onDeathOfThisProcess } from "../../support/server-process.ts";

export type Environment = Readonly<Record<string, string>>;

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly method?: string;
  readonly code?: string;
  readonly zid?: string;
  readonly address?: string;
  readonly [field: string]: unknown;
}

/** What a finished command has printed, and how it ended. */
export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `zsc …` as a process of its own: the built program, started the way an operator starts it. */
export interface ZscProcess {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** The lines of its log so far. */
  log(): readonly LogLine[];
  /** Resolves with the first line of the log that says `message`; rejects when the process ends before. */
  logged(message: string): Promise<LogLine>;
  hasEnded(): boolean;
  ended(): Promise<Finished>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL when it was not enough; resolves when it has ended. */
  end(): Promise<Finished>;
}

/** From the root of the project, where npm and jest start. */
const program = resolve("bin/zsc.mjs");
const startWithinMs = 60_000;
const endWithinMs = 30_000;

/** Starts `zsc` with these settings and nothing else of this process's environment but the PATH. */
export function startZsc(args: readonly string[], env: Environment, cwd = process.cwd(), input?: string): ZscProcess {
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
  // A command that refuses what it is given does not read to the end.
  child.stdin?.on("error", () => undefined).end(input);
  const pid = child.pid ?? 0;
  const forget = onDeathOfThisProcess('kill -s KILL "$0"', String(pid));
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  const end = finished(child, output).finally(forget);
  let hasEnded = false;
  void end.then(() => {
    hasEnded = true;
  });
  const log = () => logLines(output.stdout);
  return {
    pid,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    log,
    logged: (message) => firstLine(message, log, end),
    hasEnded: () => hasEnded,
    ended: () => end,
    signal: (name) => void child.kill(name),
    async end() {
      child.kill("SIGTERM");
      const giveUp = setTimeout(() => child.kill("SIGKILL"), endWithinMs);
      return await end.finally(() => clearTimeout(giveUp));
    },
  };
}

/** Runs `zsc` to its end. */
export async function runZsc(
  args: readonly string[],
  env: Environment,
  { cwd, input }: { readonly cwd?: string; readonly input?: string } = {},
): Promise<Finished> {
  return await startZsc(args, env, cwd, input).ended();
}

async function finished(child: ChildProcess, output: { stdout: string; stderr: string }): Promise<Finished> {
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal, ...output };
}

/** Lines that are no JSON, such as those of the banner, are left out. */
function logLines(stdout: string): readonly LogLine[] {
  const complete = stdout.slice(0, stdout.lastIndexOf("\n") + 1).split("\n");
  return complete.filter((line) => line.startsWith('{"level"')).map((line) => JSON.parse(line) as LogLine);
}

async function firstLine(message: string, log: () => readonly LogLine[], end: Promise<Finished>): Promise<LogLine> {
  const stopped = end.then(({ code, signal, stdout, stderr }) => {
    throw new Error(`zsc ended (${code ?? signal}) before it logged "${message}":\n${stdout}${stderr}`);
  });
  stopped.catch(() => undefined);
  const giveUpAt = Date.now() + startWithinMs;
  while (Date.now() < giveUpAt) {
    const line = log().find(({ msg }) => msg === message);
    if (line !== undefined) {
      return line;
    }
    await Promise.race([stopped, sleep(10)]);
  }
  throw new Error(`zsc did not log "${message}" in time`);
}
