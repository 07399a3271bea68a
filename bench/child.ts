import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { delimiter, dirname } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { onDeathOfThisProcess } from "../test/support/server-process.ts";

/** A process beside this one that does not outlive it. */
export interface Child {
  readonly pid: number;
  hasEnded(): boolean;
  /** SIGTERM, and SIGKILL when that was not enough; resolves when it has ended. */
  stop(): Promise<void>;
}

/** A child that talks to us in lines. */
export interface TalkingChild extends Child {
  /** Sends a line, if one is given, and resolves with the next line that comes back. Rejects when it ends instead. */
  ask(line?: string): Promise<string>;
}

const endWithinMs = 20_000;

/** The heap of our servers, as `bin/zsc.mjs` sets it. Every server that is measured has it. */
const heap = ["--max-semi-space-size=16", "--no-allocation-site-pretenuring", "--heap-growing-percent=50"];

/** The command line of one of our programs on this Node. */
export function onNode(...args: readonly string[]): readonly string[] {
  return [process.execPath, ...heap, ...args];
}

/** Runs a server. What it prints goes nowhere, as with an operator who keeps no log; errors show. */
export function startQuietly([command = "", ...args]: readonly string[], env: Readonly<Record<string, string>>): Child {
  const nowhere = openSync(devNull, "w");
  const child = spawn(command, args, { env: ownEnvironment(env), stdio: ["ignore", nowhere, "inherit"] });
  closeSync(nowhere);
  return childOf(child);
}

export function startTalking(program: string, ...args: readonly string[]): TalkingChild {
  const [command = "", ...words] = onNode(program, ...args);
  const child = spawn(command, words, { env: ownEnvironment({}), stdio: ["pipe", "pipe", "inherit"] });
  const lines = linesOf(child.stdout);
  return {
    ...childOf(child),
    async ask(line) {
      if (line !== undefined) {
        child.stdin.write(`${line}\n`);
      }
      const { value, done } = await lines.next();
      if (done === true) {
        throw new Error(`${program} has ended`);
      }
      return value;
    },
  };
}

function linesOf(output: Readable): AsyncIterator<string, undefined> {
  return createInterface({ input: output })[Symbol.asyncIterator]();
}

/** Nothing of this process's settings but where programs, this Node first, and temporary files are. */
function ownEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  const kept = ["TMPDIR"].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const path = [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);
  return { ...Object.fromEntries(kept), PATH: path, ...env };
}

function childOf(child: ChildProcess): Child {
  const pid = child.pid ?? 0;
  const forget = onDeathOfThisProcess('kill -s KILL -- "$0"', String(pid));
  let ended = false;
  const end = new Promise<void>((resolve) => {
    const finish = () => {
      ended = true;
      forget();
      resolve();
    };
    child.once("exit", finish);
    child.once("error", finish);
  });
  return {
    pid,
    hasEnded: () => ended,
    async stop() {
      child.kill("SIGTERM");
      const giveUp = setTimeout(() => child.kill("SIGKILL"), endWithinMs);
      await end;
      clearTimeout(giveUp);
    },
  };
}
