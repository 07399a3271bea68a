import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lastLines, run } from "../support/programs.ts";
import { findFreePort, onDeathOfThisProcess } from "../support/server-process.ts";
import type { Keys } from "./tokens.ts";

const program = join(import.meta.dirname, "../../bin/zsc.mjs");
const host = "127.0.0.1";
const startWithinMs = 60_000;

/** `zsc serve` in production mode as a process of its own, which can be killed and started again. */
export interface ZscServer {
  readonly host: string;
  readonly port: number;
  /** Resolves once `/readyz` says so. Rejects when the process ends before. */
  start(): Promise<Start>;
  /** Resolves, once a server that runs is ready again, with the milliseconds that it took. */
  untilReady(): Promise<number>;
  isReady(): Promise<boolean>;
  /** Stops the process in the middle of whatever it does, and lets it go on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
  /** SIGKILL; resolves when the process has ended. */
  kill(): Promise<void>;
  /** SIGTERM; resolves when the process has ended, with its exit code. */
  stop(): Promise<number | null>;
  /** The end of its log. */
  logTail(): string;
}

export interface Start {
  /** From the start of the process until it was ready. */
  readonly readyMs: number;
  /** How much of that it could have run, and others had the processors: the machine's share, not the server's. */
  readonly starvedMs: number;
}

export interface ZscServerOptions {
  readonly databaseUrl: string;
  readonly keys: Keys;
  /** What it prints is appended to this file. */
  readonly logFile: string;
}

interface Running {
  readonly pid: number;
  hasEnded(): boolean;
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
  end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null>;
}

export async function createZscServer({ databaseUrl, keys, logFile }: ZscServerOptions): Promise<ZscServer> {
  const port = await findFreePort();
  const env = {
    ...environmentOf(databaseUrl),
    ZSC_LISTEN: `${host}:${port}`,
    ZSC_MASTER_KEY: keys.masterKey,
    ZSC_JWT_SECRET: keys.jwtSecret,
    ZSC_LOG_LEVEL: "warn",
    // Each call of `/v1` says where it comes from: by that its row is found.
    ZSC_TRUSTED_PROXIES: host,
    ZSC_RATE_LIMIT: "off",
    ZSC_AUTH_RATE_LIMIT: "off",
  };
  let current: Running | undefined;
  const logTail = () => lastLines(readFileSync(logFile, "utf8"));
  const untilReady = async (): Promise<number> => {
    const since = Date.now();
    while (!(await isReady(port))) {
      if (current?.hasEnded() !== false) {
        throw new Error(`the server has ended; its log ends:\n${logTail()}`);
      }
      if (Date.now() - since > startWithinMs) {
        throw new Error(`the server is not ready; its log ends:\n${logTail()}`);
      }
      await sleep(10);
    }
    return Date.now() - since;
  };
  const end = async (signal: "SIGTERM" | "SIGKILL") => (await current?.end(signal)) ?? null;
  return {
    host,
    port,
    async start() {
      current = launch(env, logFile);
      const readyMs = await untilReady();
      return { readyMs, starvedMs: starvedMsOf(current.pid) };
    },
    untilReady,
    isReady: () => isReady(port),
    signal: (signal) => current?.signal(signal),
    async kill() {
      await end("SIGKILL");
    },
    stop: () => end("SIGTERM"),
    logTail,
  };
}

/** Runs `zsc` beside the servers, and resolves with what it printed. */
export async function runZsc(args: readonly string[], databaseUrl: string, keys: Keys): Promise<string> {
  const env = { ...environmentOf(databaseUrl), ZSC_MASTER_KEY: keys.masterKey, ZSC_JWT_SECRET: keys.jwtSecret };
  return await run(process.execPath, [program, ...args], { env });
}

/** `zsc audit verify`: undefined when log and vault are whole, else what it printed. */
export async function verifyAudit(databaseUrl: string): Promise<string | undefined> {
  try {
    await run(process.execPath, [program, "audit", "verify"], { env: environmentOf(databaseUrl) });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function environmentOf(databaseUrl: string): Record<string, string> {
  return { ZSC_MODE: "production", ZSC_DATABASE_URL: databaseUrl };
}

function launch(env: Record<string, string>, logFile: string): Running {
  const log = openSync(logFile, "a", 0o600);
  const own = { PATH: process.env["PATH"] ?? "", ...env };
  const child = spawn(process.execPath, [program, "serve"], { stdio: ["ignore", log, log], env: own });
  closeSync(log);
  const pid = child.pid ?? 0;
  const forget = onDeathOfThisProcess('kill -s KILL -- "$0"', String(pid));
  const ended = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => {
      forget();
      resolve(code);
    });
  });
  return {
    pid,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    signal: (signal) => void child.kill(signal),
    async end(signal) {
      child.kill(signal);
      return await ended;
    },
  };
}

/** Linux counts the nanoseconds that a process's main thread stood in line; 0 where nobody counts. */
function starvedMsOf(pid: number): number {
  try {
    const [, waitedNs] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ");
    return Math.round(Number(waitedNs) / 1e6);
  } catch {
    return 0;
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://${host}:${port}/readyz`, { signal: AbortSignal.timeout(2_000) });
    await answer.text();
    return answer.status === 200;
  } catch {
    return false;
  }
}
