import { Command } from "commander";
import { withClientFlags } from "./client-command.ts";

/**
 * Flags of all commands may stand before the command, too: they are put behind its words, where commander looks for them.
 *
 * @example
 * withFlagsBehind(program, ["--url", "https://v", "context", "list"]); // ["context", "list", "--url", "https://v"]
 */
export function withFlagsBehind(program: Command, words: readonly string[]): readonly string[] {
  const known = withClientFlags(new Command());
  let at = 0;
  for (let word = words[at]; word?.startsWith("--"); word = words[at]) {
    const [flag = "", value] = word.split("=", 2);
    const option = known.options.find(({ long }) => long === flag);
    if (option === undefined) {
      return words;
    }
    at += option.required && value === undefined ? 2 : 1;
  }
  const flags = words.slice(0, at);
  let command = program;
  for (let next = childOf(command, words[at]); next !== undefined; next = childOf(command, words[at])) {
    command = next;
    at += 1;
  }
  if (command.commands.length > 0) {
    // A command is missing or unknown: that is what is wrong, and no flag.
    return words.slice(flags.length);
  }
  return [...words.slice(flags.length, at), ...flags, ...words.slice(at)];
}

function childOf(command: Command, word: string | undefined): Command | undefined {
  return command.commands.find((each) => each.name() === word || each.aliases().includes(word ?? ""));
}
