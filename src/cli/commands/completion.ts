import { Argument, Command } from "commander";
import { bashScript, fishScript, zshScript } from "../completion/scripts.ts";
import { completionTree } from "../completion/tree.ts";
import type { Terminal } from "../terminal.ts";

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** Prints a script for a shell; it holds commands, flags and choices, and no name. */
export function completionCommand(terminal: Terminal): Command {
  const command = new Command("completion")
    .description("print a script that completes commands and flags in a shell")
    .addArgument(new Argument("<shell>", "for which shell").choices(Object.keys(scripts)))
    .addHelpText(
      "after",
      `
Names of secrets are completed with ZSC_COMPLETE_NAMES=1 only: each look is a row of the log.

Examples:
  eval "$(zsc completion bash)"
  zsc completion fish | source`,
    );
  return command.action((shell: keyof typeof scripts) => {
    let program: Command = command;
    while (program.parent !== null) {
      program = program.parent;
    }
    terminal.write(scripts[shell](completionTree(program)));
  });
}
