import { Command } from "commander";
import { type ClientFlags, withClientFlags } from "../client-command.ts";
import { ToldExit } from "../failure.ts";
import type { MakeProgram } from "../shell/index.ts";

/** @param makeProgram the commands that the shell runs */
export function pulseCommand(makeProgram: MakeProgram): Command {
  return withClientFlags(new Command("pulse"))
    .description(
      "a shell with the same commands, without zsc before them; or the commands on standard input, a line each",
    )
    .addHelpText(
      "after",
      `
Its flags hold for its commands, unless a line has its own. Tab completes; each look for names is a row of the log, one in a minute
at most. The history holds no line with --value.

Examples:
  zsc pulse
  zsc pulse --profile work --quiet
  printf 'context list\\ncontext info db-password\\n' | zsc pulse`,
    )
    .action(async (flags: ClientFlags) => {
      // Readline is for this command alone.
      const { runShell } = await import("../shell/index.ts");
      const code = await runShell(flags, makeProgram);
      if (code !== 0) {
        throw new ToldExit(code);
      }
    });
}
