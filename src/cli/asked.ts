import { createTerminal, type Terminal, type TerminalOptions } from "./terminal.ts";

/** Flags that count before a command line is parsed: its failures must be told as it asks for. */
type EarlyFlag = "--json" | "--quiet" | "--no-color";

/** Whether a command line has a flag: what follows `--` is not its own. */
export function isAsked(words: readonly string[], flag: EarlyFlag): boolean {
  return (words.includes("--") ? words.slice(0, words.indexOf("--")) : words).includes(flag);
}

/** What a shell gives to each of its lines. */
interface GivenFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** The terminal of this process, as a command line asks for it. */
export function openTerminal(
  words: readonly string[],
  { json = false, quiet = false }: GivenFlags = {},
  options: TerminalOptions = {},
): Terminal {
  const { stdout, stderr, env } = process;
  const colours = isAsked(words, "--no-color") ? { NO_COLOR: "1" } : {};
  const isJson = json || isAsked(words, "--json");
  const isQuiet = quiet || isAsked(words, "--quiet");
  return createTerminal({ stdout, stderr, env: { ...env, ...colours } }, { ...options, isJson, isQuiet });
}
