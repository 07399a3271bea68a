import { type Command, CommanderError } from "commander";
import { OperatorError } from "../base/index.ts";
import { CliFailure, ToldExit, usage } from "./failure.ts";
import { visible } from "./output/visible.ts";
import type { Terminal } from "./terminal.ts";

/** The command line is wrong; or, for `audit verify`, it could not look: 1 is kept for what was tampered with. */
export const usageExitCode = 2;

/** What looks at all that keeps a server, or a command beside it, from working. */
export const lookAtServer = "zsc doctor --server";

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

/** Tells why a command failed, and answers its exit code. */
export function report(error: unknown, terminal: Terminal, json = false): number {
  if (error instanceof ToldExit) {
    return error.exitCode;
  }
  if (error instanceof CommanderError && (error.exitCode === 0 || !json)) {
    // Help was asked for, or is the answer to a command that is not there.
    return error.exitCode === 0 ? 0 : usageExitCode;
  }
  const failure = failureOf(error, json);
  terminal.note(json ? jsonOf(failure) : textOf(failure));
  return failure.exitCode;
}

/** Whatever a command throws, in the form in which all failures are told. */
export function failureOf(error: unknown, json = false): CliFailure {
  if (error instanceof CliFailure) {
    return error;
  }
  if (error instanceof CommanderError) {
    return usage("a command is missing", "zsc --help");
  }
  if (error instanceof OperatorError) {
    return new CliFailure("failed", error.message, { next: lookAtServer });
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new CliFailure("bug", json ? "a bug of zsc" : `a bug: ${stack}`, { next: "report it, with these lines" });
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

function textOf({ kind, code, message, next }: CliFailure): string {
  // What our own programs say may have several lines; what others wrote may not.
  const shown = kind === "failed" || kind === "bug" ? message.split("\n").map(visible).join("\n") : visible(message);
  return `zsc: ${code === undefined ? "" : `${code}: `}${shown}\n  next: ${visible(next)}`;
}

function jsonOf({ kind, code, message, next, exitCode, result }: CliFailure): string {
  return JSON.stringify({ ...result, ok: false, error: code ?? kind.toUpperCase(), detail: message, next, exitCode });
}
