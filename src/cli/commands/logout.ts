import { Command } from "commander";
import { type ClientFlags, tellVault, userFiles, warnOfUnknown, withClientFlags } from "../client-command.ts";
import { exclusive } from "../contradictions.ts";
import { CliFailure, usage } from "../failure.ts";
import { printJson } from "../output/print.ts";
import type { Terminal } from "../terminal.ts";
import { chooseVault } from "../vault/choose.ts";

interface LogoutFlags extends ClientFlags {
  readonly all?: boolean;
}

export function logoutCommand(terminal: Terminal): Command {
  return exclusive(withClientFlags(new Command("logout")), "--all", "--url", "--profile", "--dev")
    .description("forget the token that was kept for a vault")
    .option("--all", "those of all vaults")
    .addHelpText("after", "\nExamples:\n  zsc logout\n  zsc logout --all")
    .action(async (flags: LogoutFlags) => {
      warnOfUnknown(terminal);
      const files = userFiles();
      // In the shell of a development vault its flag is given to each line.
      if (flags.dev === true && flags.all !== true) {
        throw usage("a development vault needs no signing in, and has nothing to forget", "zsc logout --profile NAME");
      }
      const vault = flags.all === true ? undefined : chooseVault({ ...flags, dev: false }, process.env, files);
      if (vault !== undefined) {
        tellVault(terminal, flags, vault);
      }
      const url = vault?.url;
      const { sessions } = files.readSessions();
      const forgotten =
        url === undefined ? Object.keys(sessions) : Object.keys(sessions).filter((each) => each === url);
      if (forgotten.length === 0) {
        const where = url === undefined ? "to any vault" : `to ${url}`;
        throw new CliFailure("unauthenticated", `not signed in ${where}`, { next: "zsc login URL, to sign in" });
      }
      await files.changeSessions((file) => ({
        sessions: Object.fromEntries(Object.entries(file.sessions).filter(([each]) => !forgotten.includes(each))),
      }));
      if (flags.json === true) {
        printJson(terminal, { urls: forgotten });
      } else {
        terminal.out(forgotten.map((each) => `signed out of ${each}`).join("\n"));
      }
      terminal.explain("the token itself stays good until it expires");
    });
}
