import { spawn, spawnSync } from "node:child_process";
import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { constants as system } from "node:os";
import { delimiter, join } from "node:path";
import { isatty } from "node:tty";
import { errorCode } from "../../base/index.ts";
import { CliFailure } from "../failure.ts";
import { Masking } from "./masking.ts";

const cannotBeExecuted = 126;
const notFound = 127;
const itsMode = "check what it is, and its mode: chmod +x";

/** The file of a command: on the caller's PATH, unless it says where. */
export function findCommand(command: string, path: string): string {
  const places = command.includes("/")
    ? [command]
    : path.split(delimiter).map((folder) => join(folder || ".", command));
  const files = places.filter((place) => statSync(place, { throwIfNoEntry: false }) !== undefined);
  const program = files.find(isProgram);
  if (program !== undefined) {
    refuseWithoutInterpreter(program, command);
    return program;
  }
  const [file] = files;
  throw file === undefined
    ? failure(`${JSON.stringify(command)} is not found`, notFound, "check its name and PATH, or give its path")
    : failure(`${JSON.stringify(file)} cannot be executed`, cannotBeExecuted, itsMode);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

const headBytes = 256;

/** A text that no line `#!` gives an interpreter is for shells only, and no shell stands between. */
function refuseWithoutInterpreter(file: string, command: string): void {
  const head = headOf(file);
  const [, interpreter] = /^#![ \t]*(\S+)/.exec(head) ?? [];
  if (interpreter !== undefined && !isProgram(interpreter)) {
    const sentence = `${JSON.stringify(command)} needs ${interpreter}, which cannot be executed`;
    throw failure(sentence, cannotBeExecuted, `install ${interpreter}, or mend the first line`);
  }
  if (interpreter === undefined && /^[\t\n\r -~]{4}/.test(head)) {
    throw failure(`${JSON.stringify(command)} is a text without a line #!`, cannotBeExecuted, `sh ${command}`);
  }
}

function headOf(file: string): string {
  let opened: number;
  try {
    opened = openSync(file, "r");
  } catch (error) {
    // What may be executed need not be readable.
    if (errorCode(error) === "EACCES") {
      return "";
    }
    throw error;
  }
  try {
    const head = Buffer.alloc(headBytes);
    return head.toString("latin1", 0, readSync(opened, head));
  } finally {
    closeSync(opened);
  }
}

function failure(message: string, exitCode: number, next: string): CliFailure {
  return new CliFailure("usage", message, { exitCode, next });
}

interface Launch {
  readonly file: string;
  /** The command and its arguments, as they were typed. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Values that are masked in what it prints; undefined: nothing is. */
  readonly masked: Iterable<string> | undefined;
}

/** Becomes the command, or stays as its parent where that cannot be; then resolves with its exit code. */
export async function launch({ file, command, environment, masked }: Launch): Promise<number> {
  if (masked === undefined && process.execve !== undefined && process.platform !== "win32") {
    become(file, command, environment);
  }
  return await runBeside({ file, command, environment, masked });
}

/** Node ignores these, and a process that is replaced keeps what is ignored: `yes | head` would not end. */
const ignoredByNode = "PIPE,XFSZ";

/** Node makes pipes not wait, for everybody who has them: the command would lose what it writes. */
function restoreWaiting(): void {
  for (const stream of [process.stdin, process.stdout, process.stderr]) {
    const { _handle: handle } = stream as { readonly _handle?: { setBlocking?(isBlocking: boolean): unknown } };
    handle?.setBlocking?.(true);
  }
}

function become(file: string, [name = file, ...args]: readonly string[], environment: Record<string, string>): void {
  const { execve } = process;
  restoreWaiting();
  const env = "/usr/bin/env";
  const resets = [`--default-signal=${ignoredByNode}`];
  if (!file.includes("=") && spawnSync(env, [...resets, "true"], { stdio: "ignore" }).status === 0) {
    execve?.(env, [env, ...resets, file, ...args], environment);
  }
  execve?.(file, [name, ...args], environment);
}

const passedOn = ["SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGINT"] as const;

async function runBeside({ file, command, environment, masked }: Launch): Promise<number> {
  const values = masked === undefined ? undefined : [...masked];
  const through = (stream: number) => (values === undefined || isatty(stream) ? "inherit" : "pipe");
  let child: ReturnType<typeof spawn> | undefined;
  for (const signal of passedOn) {
    process.on(signal, () => {
      // A Ctrl-C has reached the command already: it is of the same group.
      if (signal !== "SIGINT" || !isatty(0)) {
        child?.kill(signal);
      }
    });
  }
  child = spawn(file, command.slice(1), {
    argv0: command[0] ?? file,
    env: environment,
    stdio: ["inherit", through(1), through(2)],
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  if (values !== undefined) {
    child.stdout?.pipe(new Masking(values)).pipe(process.stdout);
    child.stderr?.pipe(new Masking(values)).pipe(process.stderr);
    // Whoever read along has seen enough: the command learns it as if it had written itself.
    process.stdout.on("error", () => child?.stdout?.destroy());
    process.stderr.on("error", () => child?.stderr?.destroy());
  }
  child.on("error", (error) =>
    reject(failure(`the command cannot be executed (${errorCode(error) ?? "unknown"})`, cannotBeExecuted, itsMode)),
  );
  child.on("close", (code, signal) => {
    if (signal !== null) {
      for (const each of passedOn) {
        process.removeAllListeners(each);
      }
      process.kill(process.pid, signal);
      // Where the signal did not end this process.
      resolve(128 + system.signals[signal]);
      return;
    }
    resolve(code ?? 1);
  });
  return await promise;
}
