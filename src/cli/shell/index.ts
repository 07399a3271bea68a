import { openTerminal } from "../asked.ts";
import { type ClientFlags, tellPlace, vaultOf, warnOfUnknown } from "../client-command.ts";
import { report } from "../exit.ts";
import { CliFailure, exitCodes, usage } from "../failure.ts";
import type { Terminal } from "../terminal.ts";
import type { ChosenVault } from "../vault/choose.ts";
import { createCompleter } from "./completer.ts";
import { createEditor, type Editor } from "./editor.ts";
import { type History, openHistory } from "./history.ts";
import { builtIns, type LineSettings, type MakeProgram, runLine } from "./lines.ts";
import { createKnownNames } from "./names.ts";
import { scriptLines } from "./script.ts";

export type { MakeProgram } from "./lines.ts";

/** Runs the shell to its end, and answers its exit code. */
export async function runShell(given: ClientFlags, makeProgram: MakeProgram): Promise<number> {
  const terminal = openTerminal([], given);
  if (process.stdin.isTTY !== true) {
    return await runScript(given, makeProgram, terminal);
  }
  const vault = vaultOf(given);
  const flags = keptTo(vault, given);
  const { url } = vault;
  await greet(vault, flags, terminal);
  const isDumb = process.env["TERM"] === "dumb" || process.stderr.isTTY !== true;
  const names = createKnownNames(flags);
  const editor = createEditor({
    ...{ input: process.stdin, output: process.stderr, isDumb },
    complete: createCompleter(makeProgram(terminal, false), builtIns, names),
  });
  const history = openHistory(process.env, (why) => terminal.note(`zsc: ${why}`));
  await converse({ editor, history, terminal, url, lines: { flags, makeProgram, beforeQuestion: editor.forget } });
  return 0;
}

/**
 * The flags that keep all commands of a shell to the vault with which it began: a folder or a default profile that comes, goes or
 * changes meanwhile must not lead a command elsewhere.
 */
function keptTo({ source, profile }: ChosenVault, flags: ClientFlags): ClientFlags {
  switch (source) {
    case "dev":
      return { ...flags, dev: true };
    case "profile":
      return profile === undefined ? flags : { ...flags, profile };
    default:
      return flags;
  }
}

/** Which vault it is, and that there is no good token for it. */
async function greet(vault: ChosenVault, flags: ClientFlags, terminal: Terminal): Promise<void> {
  try {
    warnOfUnknown(terminal);
    await tellPlace(vault, flags, terminal);
  } catch (error) {
    if (!(error instanceof CliFailure) || error.kind === "usage") {
      throw error;
    }
    report(error, terminal, flags.json);
    terminal.note(signInHint(flags, vault.url));
  }
}

/** A command a line; the first failure ends it. */
async function runScript(given: ClientFlags, makeProgram: MakeProgram, terminal: Terminal): Promise<number> {
  let lines: LineSettings = { flags: given, makeProgram };
  try {
    const vault = vaultOf(given);
    lines = { flags: keptTo(vault, given), makeProgram };
    warnOfUnknown(terminal);
    await tellPlace(vault, lines.flags, terminal);
  } catch {
    // Commands that need no vault run without one: those that need one say so themselves.
  }
  let number = 0;
  for await (const line of scriptLines(process.stdin)) {
    number += 1;
    if (isExit(line)) {
      break;
    }
    if (isEmpty(line) || isClear(line)) {
      continue;
    }
    const { code, isJson } = await runLine(line, undefined, lines);
    if (code !== 0) {
      if (!isJson) {
        terminal.note(`zsc: stopped at line ${number}`);
      }
      return code;
    }
  }
  return 0;
}

interface Conversation {
  readonly editor: Editor;
  readonly history: History;
  readonly terminal: Terminal;
  readonly url: string;
  readonly lines: LineSettings;
}

/** Until the person leaves; a failure does not end it. */
async function converse({ editor, history, terminal, url, lines }: Conversation): Promise<void> {
  for (;;) {
    const typed = await editor.read(history.lines);
    if (typed.kind === "ended" || (typed.kind === "line" && isExit(typed.line))) {
      return;
    }
    if (typed.kind === "too_long") {
      report(usage("the line is too long", "--file FILE for a long value"), terminal, lines.flags.json);
    }
    if (typed.kind !== "line" || isEmpty(typed.line)) {
      continue;
    }
    if (isClear(typed.line)) {
      terminal.clear();
      continue;
    }
    const { code, isElsewhere } = await interruptibly((signal) => runLine(typed.line, signal, lines));
    if (code === exitCodes.unauthenticated && !isElsewhere) {
      terminal.note(signInHint(lines.flags, url));
    }
    // What was no command may be anything, even a value that was pasted in the wrong place.
    await (code === exitCodes.usage ? history.recall(typed.line) : history.keep(typed.line));
  }
}

/** Ctrl-C ends a command, and not the shell. */
async function interruptibly<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let pressed = 0;
  const interrupt = (): void => {
    pressed += 1;
    process.stderr.write("\n");
    // A command that listens itself ends in its own way, unless that takes too long for the person.
    if (process.listenerCount("SIGINT") === 1 || pressed > 1) {
      abort.abort();
    }
  };
  process.on("SIGINT", interrupt);
  try {
    return await work(abort.signal);
  } finally {
    process.off("SIGINT", interrupt);
  }
}

function signInHint({ tokenFile }: ClientFlags, url: string): string {
  const file = tokenFile ?? process.env["ZSC_TOKEN_FILE"];
  if (file !== undefined) {
    return `  the token is read anew for each command: write a good one to ${file}`;
  }
  return process.env["ZSC_TOKEN"] === undefined
    ? `  sign in again, here: login ${url} --token-stdin`
    : "  leave, and start again with a good ZSC_TOKEN";
}

function isEmpty(line: string): boolean {
  return /^\s*(#|$)/.test(line);
}

function isExit(line: string): boolean {
  return /^\s*(exit|quit)\s*$/.test(line);
}

function isClear(line: string): boolean {
  return line.trim() === "clear";
}
