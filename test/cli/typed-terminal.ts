import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { onDeathOfThisProcess } from "../support/server-process.ts";

/** `zsc …` on a terminal of its own, with somebody who types. */
export interface TypedTerminal {
  type(keys: string): void;
  /** Resolves with all that was shown until then, once a text has been shown since the last call. */
  shows(text: string): Promise<string>;
  /** Everything so far, with all that moves and colours. */
  raw(): string;
  /** Resolves with the exit code. */
  ended(): Promise<number | null>;
}

interface TerminalSettings {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
}

const program = resolve("bin/zsc.mjs");
const showsWithinMs = 30_000;

export function openTypedTerminal(
  args: readonly string[],
  { cwd, env = {}, columns = 100 }: TerminalSettings,
): TypedTerminal {
  const words = [process.execPath, program, ...args].map((word) => `'${word}'`).join(" ");
  const line = `stty cols ${columns} rows 24; exec ${words}`;
  const child = spawn("script", ["-qec", line, "/dev/null"], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", TERM: "xterm", SHELL: "/bin/sh", LANG: "C.UTF-8", ...env },
    stdio: ["pipe", "pipe", "ignore"],
  }) as ChildProcessByStdio<Writable, Readable, null>;
  const forget = onDeathOfThisProcess('kill -s KILL "$0"', String(child.pid ?? 0));
  let raw = "";
  let seen = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    raw += text;
  });
  child.stdin.on("error", () => undefined);
  let hasEnded = false;
  const end = once(child, "close").then(([code]) => {
    hasEnded = true;
    forget();
    return code as number | null;
  });
  return {
    type: (keys) => void child.stdin.write(keys),
    async shows(text) {
      for (const giveUpAt = Date.now() + showsWithinMs; ; await sleep(10)) {
        const shown = stripVTControlCharacters(raw);
        const at = shown.indexOf(text, seen);
        if (at >= 0) {
          const before = shown.slice(seen, at + text.length);
          seen = at + text.length;
          return before;
        }
        if (hasEnded || Date.now() > giveUpAt) {
          throw new Error(
            `${JSON.stringify(text)} was not shown${hasEnded ? " before the end" : ""}:\n${shown.slice(seen)}`,
          );
        }
      }
    },
    raw: () => raw,
    ended: () => end,
  };
}
