import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { findProgram, lastLines } from "./programs.ts";

/** A server that runs as a child of this process and never outlives it. */
export interface ServerProcess {
  readonly pid: number;
  hasExited(): boolean;
  /** Sends the signal and resolves when the process has ended; SIGKILL also ends what the server itself has started. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** The end of its log, for an error message. */
  logTail(): string;
}

/** Starts a server with its output appended to `logFile`. */
export function launchServer(program: string, args: readonly string[], logFile: string): ServerProcess {
  cleanUpAtExit();
  const log = openSync(logFile, "a", 0o600);
  const [command, ...prefix] = dieWithParent();
  const line = command === undefined ? [program, ...args] : [command, ...prefix, program, ...args];
  // A process group of its own: what the server starts (state transfers) can be ended with it, and Ctrl-C ends us first.
  const child = spawn(line[0] ?? program, line.slice(1), { detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  child.unref();
  return superviseChild(child, logFile);
}

/** Removes this folder when the process ends without having done so itself. The returned function removes it now. */
export function removeAtExit(folder: string): () => void {
  cleanUpAtExit();
  folders.add(folder);
  return () => {
    removeFolder(folder);
    folders.delete(folder);
  };
}

/**
 * A port on loopback that nobody listens on. It lies below the ports that the system hands to outgoing connections,
 * so that none of those can take it while the server that owns it is down.
 */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (!given.has(port) && (await isFree(port))) {
      given.add(port);
      return port;
    }
  }
  throw new Error("no free port between 20000 and 32000");
}

const given = new Set<number>();
const running = new Set<ChildProcess>();
const folders = new Set<string>();
let hooked = false;

function superviseChild(child: ChildProcess, logFile: string): ServerProcess {
  let exited = false;
  const ended = new Promise<void>((resolve) => {
    const finish = (): void => {
      exited = true;
      running.delete(child);
      resolve();
    };
    child.once("exit", finish);
    child.once("error", finish);
  });
  running.add(child);
  return {
    pid: child.pid ?? -1,
    hasExited: () => exited,
    logTail: () => lastLines(readFileSync(logFile, "utf8")),
    async end(signal) {
      child.ref();
      if (signal === "SIGKILL") killGroup(child);
      else child.kill(signal);
      await ended;
    },
  };
}

/** Linux can end a child whose parent has died, even by SIGKILL, when no exit handler runs. */
function dieWithParent(): readonly string[] {
  const setpriv = process.platform === "linux" ? findProgram("setpriv") : undefined;
  return setpriv === undefined ? [] : [setpriv, "--pdeathsig", "KILL", "--"];
}

function cleanUpAtExit(): void {
  if (hooked) return;
  hooked = true;
  process.on("exit", cleanUp);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      cleanUp();
      // Whoever else listens decides what follows; when nobody does, the signal does what it always does.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
  }
}

function cleanUp(): void {
  for (const child of running) killGroup(child);
  for (const folder of folders) removeFolder(folder);
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // Already gone.
  }
}

/** A server that was killed this instant may still hold files for a moment. */
function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
