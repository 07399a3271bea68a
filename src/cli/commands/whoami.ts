import { Command } from "commander";
import { type ClientFlags, userFiles, warnOfUnknown, withClientFlags } from "../client-command.ts";
import { printFields, printJson } from "../output/print.ts";
import { isoTime, timeFor } from "../output/time.ts";
import type { Terminal } from "../terminal.ts";
import { chooseVault, chosenBy } from "../vault/choose.ts";
import { chooseAnyToken, requireCurrent } from "../vault/token.ts";

export function whoamiCommand(terminal: Terminal): Command {
  return withClientFlags(new Command("whoami"))
    .description("which vault commands speak to, and as whom")
    .addHelpText("after", "\nExamples:\n  zsc whoami\n  zsc whoami --profile work --json")
    .action(async (flags: ClientFlags) => {
      warnOfUnknown(terminal);
      const files = userFiles();
      const vault = chooseVault(flags, process.env, files);
      const token = await chooseAnyToken(vault, "whoami", { flags, env: process.env, files });
      requireCurrent(token, vault.url);
      const { zid = null, role = null, expiresAtMs } = token;
      const expiresAt = expiresAtMs === undefined ? null : isoTime(expiresAtMs);
      const { url, source, profile = null } = vault;
      if (flags.json === true) {
        const who = { zid, role, email: null, expiresAt, endsAt: expiresAt, verified: false };
        printJson(terminal, { url, source, profile, ...who });
        return;
      }
      const until = expiresAtMs === undefined ? "" : timeFor(terminal, expiresAtMs);
      printFields(terminal, [
        ["vault", url],
        ["chosen by", chosenBy(vault)],
        ["ZID", zid ?? ""],
        ["role", role ?? ""],
        ["expires", until],
      ]);
    });
}
