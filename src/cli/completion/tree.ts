import type { Command } from "commander";

/** What can follow the words of a command. */
export interface CompletionNode {
  /** `context list`; empty for the program. */
  readonly path: string;
  readonly commands: readonly string[];
  readonly flags: readonly string[];
  /** By flag, or by the empty text for the first argument. */
  readonly choices: Readonly<Record<string, readonly string[]>>;
  /** Flags whose value is a file. */
  readonly files: readonly string[];
  /** Whether its first argument is the name of a secret. */
  readonly takesName: boolean;
}

/** Every command, with its flags, as completion needs them. */
export function completionTree(program: Command): readonly CompletionNode[] {
  const nodes: CompletionNode[] = [];
  const walk = (command: Command, path: string): void => {
    const shown = command.options.filter(({ hidden }) => !hidden);
    const [argument] = command.registeredArguments;
    nodes.push({
      path,
      commands: command.commands.map((child) => child.name()),
      flags: [...shown.flatMap(({ long }) => long ?? []), "--help"],
      choices: {
        ...Object.fromEntries(
          shown.flatMap(({ long, argChoices }) => (long && argChoices ? [[long, argChoices]] : [])),
        ),
        ...(argument?.argChoices === undefined ? {} : { "": argument.argChoices }),
      },
      files: shown.flatMap(({ long, flags }) => (long && flags.includes("<file>") ? [long] : [])),
      takesName: argument?.name() === "name",
    });
    for (const child of command.commands) {
      walk(child, path === "" ? child.name() : `${path} ${child.name()}`);
    }
  };
  walk(program, "");
  return nodes;
}

/** What a shell runs to look up names: it asks nothing, and gives up in time. */
export const namesCommand = "ZSC_NO_INPUT=1 zsc context list --quiet --timeout 600ms --limit 200 --prefix";
