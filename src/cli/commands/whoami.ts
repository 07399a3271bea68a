import { Command } from "commander";
import { type ClientFlags, userFiles, warnOfUnknown, withClientFlags } from "../client-command.ts";
import { CliFailure } from "../failure.ts";
import { printFields, printJson } from "../output/print.ts";
import { isoTime, relativeTime } from "../output/time.ts";
import type { Terminal } from "../terminal.ts";
import { type ChosenVault, chooseVault } from "../vault/choose.ts";
import { chooseAnyToken } from "../vault/token.ts";

export function whoamiCommand(terminal: Terminal): Command {
  return withClientFlags(new Command("whoami"))
    .description("which vault commands speak to, and as whom")
    .addHelpText("after", "\nExamples:\n  zsc whoami\n  zsc whoami --profile work --json")
    .action(async (flags: ClientFlags) => {
      warnOfUnknown(terminal);
      const files = userFiles();
      const vault = chooseVault(flags, process.env, files);
      const token = await chooseAnyToken(vault, flags, { env: process.env, files, command: "whoami" });
      const { zid = null, role = null, expiresAtMs } = token;
      if (expiresAtMs !== undefined && expiresAtMs <= Date.now()) {
        const next = `zsc login ${vault.url} --token-stdin`;
        throw new CliFailure("unauthenticated", `the token for ${vault.url} has expired`, { next });
      }
      const expiresAt = expiresAtMs === undefined ? null : isoTime(expiresAtMs);
      const { url, source, profile = null } = vault;
      if (flags.json === true) {
        const who = { zid, role, email: null, expiresAt, endsAt: expiresAt, verified: false };
        printJson(terminal, { url, source, profile, ...who });
        return;
      }
      const until = expiresAtMs === undefined ? "" : `${relativeTime(expiresAtMs, Date.now())} (${expiresAt})`;
      printFields(terminal, [
        ["vault", url],
        ["chosen by", chosenBy(vault)],
        ["ZID", zid ?? ""],
        ["role", role ?? ""],
        ["expires", until],
      ]);
    });
}

function chosenBy({ source, profile, development }: ChosenVault): string {
  switch (source) {
    case "flag":
      return profile === undefined ? "--url" : "--profile";
    case "env":
      return profile === undefined ? "ZSC_URL" : "ZSC_PROFILE";
    case "dev":
      return `the development vault in ${development?.folder}`;
    case "profile":
      return `the default profile, ${profile}`;
  }
}
