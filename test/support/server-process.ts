import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastLines } from "./programs.ts";

/** A server that runs as a child of this process and never outlives it. */
export interface ServerProcess {
  readonly pid: number;
  hasExited(): boolean;
  /** Sends the signal and resolves when the process has ended; SIGKILL also ends what the server itself has started. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** The end of its log, for an error message. */
  logTail(): string;
}

export interface PrivateFolder {
  readonly path: string;
  remove(): void;
}

/** Starts a server with its output appended to `logFile`. */
export function launchServer(program: string, args: readonly string[], logFile: string): ServerProcess {
  const log = openSync(logFile, "a", 0o600);
  // A process group of its own: what the server starts (state transfers) is ended with it, and Ctrl-C reaches us first.
  const child = spawn(program, args, { detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  child.unref();
  const pid = child.pid ?? 0;
  const forget = pid > 0 ? onDeathOfThisProcess('kill -s KILL -- "-$0"', String(pid)) : () => undefined;
  let exited = false;
  const ended = new Promise<void>((resolve) => {
    const finish = (): void => {
      exited = true;
      forget();
      resolve();
    };
    child.once("exit", finish);
    child.once("error", finish);
  });
  return {
    pid,
    hasExited: () => exited,
    logTail: () => lastLines(readFileSync(logFile, "utf8")),
    async end(signal) {
      child.ref();
      if (signal === "SIGKILL") {
        killGroup(pid);
      } else {
        child.kill(signal);
      }
      await ended;
    },
  };
}

/** A folder that is gone when it is removed, or soon after the end of this process. */
export function createPrivateFolder(prefix: string): PrivateFolder {
  const path = mkdtempSync(join(tmpdir(), prefix));
  // The servers in it are ended at the same moment and may hold their files a little longer.
  const forget = onDeathOfThisProcess('sleep 1; rm -rf -- "$0"', path);
  return {
    path,
    remove() {
      rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
      forget();
    },
  };
}

/**
 * A port on loopback that nobody listens on. It lies below the ports that the system hands to outgoing connections,
 * so that none of those can take it while the server that owns it is down.
 */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (!givenPorts.has(port) && (await isFree(port))) {
      givenPorts.add(port);
      return port;
    }
  }
  throw new Error("no free port between 20000 and 32000");
}

const givenPorts = new Set<number>();

/**
 * Has a shell run `script` (its `$0` being `argument`) when this process ends, by whatever cause. It waits on a pipe
 * that the system closes then: exit handlers do not run on SIGKILL, nor inside jest's sandbox. The returned function
 * sends the shell home.
 */
export function onDeathOfThisProcess(script: string, argument: string): () => void {
  const guard = spawn("/bin/sh", ["-c", `read -r done || { ${script}; }`, argument], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.unref();
  guard.on("error", () => undefined);
  guard.stdin.on("error", () => undefined);
  if (guard.stdin instanceof Socket) {
    guard.stdin.unref();
  }
  return () => {
    guard.stdin.end("\n");
  };
}

function killGroup(pid: number): void {
  if (pid === 0) {
    return;
  }
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Already gone.
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
