import type { Command } from "commander";
import { isAsked, openTerminal } from "../asked.ts";
import type { ClientFlags } from "../client-command.ts";
import { execute, report } from "../exit.ts";
import { usage } from "../failure.ts";
import { shellWord } from "../output/shell-word.ts";
import type { Terminal } from "../terminal.ts";
import { giveFlags, wordsOfFlags } from "./given-flags.ts";
import { parseLine } from "./words.ts";

/** The commands that can run in the shell. */
export type MakeProgram = (terminal: Terminal, json: boolean) => Command;

export interface LineSettings {
  /** Of the shell itself. */
  readonly flags: ClientFlags;
  readonly makeProgram: MakeProgram;
  readonly beforeQuestion?: () => void;
}

/** Commands of zsc that make no sense here, and why. */
const refused: Readonly<Record<string, string>> = {
  run: "run becomes the command that it starts, and would end the shell",
  serve: "a server runs in a process of its own",
  pulse: "this is the shell already",
  completion: "Tab completes here by itself",
};

export const builtIns = ["help", "clear", "exit", "quit"] as const;

interface Ran {
  readonly code: number;
  /** Whether the line chose a vault by itself. */
  readonly isElsewhere: boolean;
  /** Whether its failure is one line of JSON. */
  readonly isJson: boolean;
}

/** Runs one line and answers its exit code; a failure is told, and nothing of it is left behind. */
export async function runLine(line: string, signal: AbortSignal | undefined, settings: LineSettings): Promise<Ran> {
  const { flags, makeProgram, beforeQuestion } = settings;
  let words: readonly string[];
  try {
    words = parseCommand(line, flags);
  } catch (error) {
    const code = report(error, openTerminal([], flags), flags.json);
    return { code, isElsewhere: false, isJson: flags.json === true };
  }
  const terminal = openTerminal(words, flags, {
    isStdinTaken: true,
    ...(signal === undefined ? {} : { signal }),
    ...(beforeQuestion === undefined ? {} : { beforeQuestion }),
  });
  const isJson = flags.json === true || isAsked(words, "--json");
  let isElsewhere = false;
  const program = makeProgram(terminal, isJson).addHelpText("after", helpOfShell);
  program.hook("preAction", (_program, command) => {
    isElsewhere = giveFlags(command, flags);
  });
  return { code: await execute(program, words, terminal, isJson), isElsewhere, isJson };
}

const helpOfShell = `
In the shell zsc may be left out before a command. clear empties the screen; exit, quit and Ctrl-D leave.`;

/** The words of a line, without the name of the program. */
function parseCommand(line: string, flags: ClientFlags): readonly string[] {
  const words = parseLine(line);
  const own = words[0] === "zsc" ? words.slice(1) : words;
  const [first = "", ...others] = own;
  if (first === "exit" || first === "quit") {
    throw usage(`${first} takes no arguments`, first);
  }
  const why = Object.hasOwn(refused, first) ? refused[first] : undefined;
  if (why !== undefined) {
    const again = ["zsc", first, ...wordsOfFlags(flags), ...others].map(shellWord).join(" ");
    throw usage(why, first === "pulse" ? "help" : `${again}, in your own shell`);
  }
  return own;
}
