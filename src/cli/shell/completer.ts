import type { Command } from "commander";
import { type CompletionNode, completionTree } from "../completion/tree.ts";
import { shellWord } from "../output/shell-word.ts";
import type { KnownNames } from "./names.ts";
import { splitWords, type Word } from "./words.ts";

/** What can stand in place of the last word of a line. */
export interface Completions {
  /** As they are typed, with quotes where they need them. */
  readonly found: readonly string[];
  /** The word as it is typed so far. */
  readonly typed: string;
}

/** Flags after which names would be of another vault than the shell's. */
const vaultFlags = ["--url", "--profile", "--dev", "--no-dev", "--token-file"];

/** @param builtIns commands that only the shell has */
export function createCompleter(program: Command, builtIns: readonly string[], names: KnownNames) {
  const nodes = new Map(completionTree(program).map((node) => [node.path, node]));
  return async (line: string): Promise<Completions> => {
    const { before, last } = wordsOf(line);
    const { path, values, openFlag } = placeOf(program, nodes, before);
    const node = nodes.get(path);
    const none = { found: [], typed: last.typed };
    if (node === undefined || before.some(({ text }) => text === "--")) {
      return none;
    }
    const ofFlag = openFlag === undefined ? undefined : (node.choices[openFlag] ?? []);
    const fixed = ofFlag ?? [
      ...(values === 0 ? [...node.commands, ...(node.choices[""] ?? [])] : []),
      ...(last.text.startsWith("-") ? node.flags : []),
      ...(before.length === 0 ? builtIns : []),
    ];
    const isOwnVault = !before.some(({ text }) =>
      vaultFlags.some((flag) => text === flag || text.startsWith(`${flag}=`)),
    );
    const wantsName =
      ofFlag === undefined && node.takesName && values === 0 && isOwnVault && !last.text.startsWith("-");
    // A name that begins with a dash would be taken for a flag.
    const known = wantsName ? (await names.beginningWith(last.text)).filter((name) => !name.startsWith("-")) : [];
    const found = [...new Set([...fixed.filter((each) => each.startsWith(last.text)), ...known])].map(shellWord);
    // One that fits alone is complete, and the next word may begin.
    return { found: found.length === 1 ? [`${found[0]} `] : found, typed: last.typed };
  };
}

/** The words of a line that are complete, without the name of the program, and the one that is being typed. */
function wordsOf(line: string): { readonly before: readonly Word[]; readonly last: Word } {
  const { words, open } = splitWords(line);
  const final = words.at(-1);
  const isTyping = final !== undefined && (open !== "" || final.start + final.typed.length === line.length);
  const before = isTyping ? words.slice(0, -1) : words;
  return {
    before: before[0]?.text === "zsc" ? before.slice(1) : before,
    last: isTyping ? final : { text: "", typed: "", start: line.length },
  };
}

interface Place {
  /** Of the command, `context info`. */
  readonly path: string;
  /** Words behind it that are no flags. */
  readonly values: number;
  /** A flag that still needs its value. */
  readonly openFlag: string | undefined;
}

/** Where in the tree of commands the words have led to. */
function placeOf(program: Command, nodes: ReadonlyMap<string, CompletionNode>, words: readonly Word[]): Place {
  let command = program;
  let path = "";
  let values = 0;
  let openFlag: string | undefined;
  for (const { text } of words) {
    const child = command.commands.find((each) => each.name() === text || each.aliases().includes(text));
    if (openFlag !== undefined) {
      openFlag = undefined;
    } else if (text.startsWith("-")) {
      const option = command.options.find(({ long }) => long === text);
      openFlag = option?.required === true ? text : undefined;
    } else if (values === 0 && child !== undefined && nodes.has(join(path, child.name()))) {
      command = child;
      path = join(path, child.name());
    } else {
      values += 1;
    }
  }
  return { path, values, openFlag };
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path} ${name}`;
}
