import { type Command, CommanderError } from "commander";
import { OperatorError } from "../base/index.ts";
import { CliFailure, exitCodes, ToldExit, usage } from "./failure.ts";
import { visible } from "./output/visible.ts";
import type { Terminal } from "./terminal.ts";

/** 0: done. 1: the answer is no, or the start failed. */
const failedExitCode = 1;
/** The command line is wrong; or, for `audit verify`, it could not look: 1 is kept for what was tampered with. */
export const usageExitCode = 2;

/** Runs one command line, tells why it failed, and answers its exit code. */
export async function execute(
  program: Command,
  words: readonly string[],
  terminal: Terminal,
  json: boolean,
): Promise<number> {
  try {
    await program.parseAsync([...words], { from: "user" });
    return 0;
  } catch (error) {
    return report(error, terminal, json);
  }
}

/** Whether a command line has a flag: what follows `--` is not its own. */
export function isAsked(words: readonly string[], flag: "--json" | "--no-color"): boolean {
  return (words.includes("--") ? words.slice(0, words.indexOf("--")) : words).includes(flag);
}

/** Tells why a command failed, and answers its exit code. */
export function report(error: unknown, terminal: Terminal, json = false): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? 0 : usageExitCode;
  }
  if (error instanceof ToldExit) {
    return error.exitCode;
  }
  if (error instanceof CliFailure) {
    terminal.note(json ? jsonOf(error) : textOf(error));
    return error.exitCode;
  }
  if (error instanceof OperatorError) {
    terminal.note(json ? failureLine("FAILED", error.message, failedExitCode) : `zsc: ${error.message}`);
    return failedExitCode;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  terminal.note(json ? failureLine("BUG", "a bug of zsc", exitCodes.bug) : `zsc: a bug: ${stack}`);
  return exitCodes.bug;
}

/** What a command throws when its command line is wrong; help, which ends a command too, goes on as it is. */
export function refuseCommandLine(command: Command): (error: CommanderError) => never {
  return (error) => {
    if (error.exitCode === 0 || error.code === "commander.help") {
      throw error;
    }
    const [told = "", hint = ""] = error.message.replace(/^error: /, "").split("\n");
    // What follows may be a value that belongs elsewhere.
    const sentence = told.replace(/(but got \d+): .*$/, "$1").replace(/^(unknown option '[^=]*)=.*'$/, "$1'");
    const [, meant] = /^\(Did you mean (\S+)\?\)$/.exec(hint) ?? [];
    const title = titleOf(command);
    throw usage(sentence, meant === undefined ? `${title} --help` : `${title} ${meant}`);
  };
}

/** As people type it. */
function titleOf(command: Command): string {
  return command.parent === null ? command.name() : `${titleOf(command.parent)} ${command.name()}`;
}

function textOf({ code, message, next }: CliFailure): string {
  const first = `zsc: ${code === undefined ? "" : `${code}: `}${visible(message)}`;
  return next === undefined ? first : `${first}\n  next: ${visible(next)}`;
}

function jsonOf({ kind, code, message, next, exitCode }: CliFailure): string {
  const error = code ?? kind.toUpperCase();
  return JSON.stringify({ ok: false, error, detail: message, ...(next === undefined ? {} : { next }), exitCode });
}

function failureLine(error: string, detail: string, exitCode: number): string {
  return JSON.stringify({ ok: false, error, detail, exitCode });
}
