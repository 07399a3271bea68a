import { Command } from "commander";
import {
  type ClientFlags,
  connected,
  tellVault,
  userFiles,
  warnOfUnknown,
  withClientFlags,
} from "../client-command.ts";
import { CliFailure } from "../failure.ts";
import { printFields, printJson } from "../output/print.ts";
import { isoTime, timeFor } from "../output/time.ts";
import type { Terminal } from "../terminal.ts";
import { type ChosenVault, chooseVault, chosenBy } from "../vault/choose.ts";
import { proveToken } from "../vault/proof.ts";
import { type ChosenToken, chooseAnyToken, requireClaims, requireCurrent } from "../vault/token.ts";

export function whoamiCommand(terminal: Terminal): Command {
  return withClientFlags(new Command("whoami"))
    .description("which vault commands speak to, and as whom")
    .addHelpText(
      "after",
      `
A session of zsc login is checked by the vault, and that is a row of its log. Of any other token its own claims are shown,
which nobody has checked.

Examples:
  zsc whoami
  zsc whoami --profile work --json`,
    )
    .action(async (flags: ClientFlags) => {
      warnOfUnknown(terminal);
      const files = userFiles();
      const vault = chooseVault(flags, process.env, files);
      const token = await chooseAnyToken(vault, "whoami", { flags, env: process.env, files });
      tellVault(terminal, flags, vault, token);
      requireClaims(token);
      requireCurrent(token, vault.url);
      const verified = token.source === "session";
      if (verified) {
        await checkSession(vault, token, flags, terminal);
      }
      print(terminal, { vault, token, verified }, flags.json === true);
    });
}

async function checkSession(
  vault: ChosenVault,
  token: ChosenToken,
  flags: ClientFlags,
  terminal: Terminal,
): Promise<void> {
  const connection = connected(vault, token, flags, terminal);
  try {
    await proveToken(connection, token, "whoami");
  } catch (error) {
    const isRefused = error instanceof CliFailure && error.kind === "unauthenticated";
    throw isRefused ? error.with({ next: `zsc login ${vault.url} --token-stdin` }) : error;
  } finally {
    connection.close();
  }
}

interface Who {
  readonly vault: ChosenVault;
  readonly token: ChosenToken;
  readonly verified: boolean;
}

function print(terminal: Terminal, { vault, token, verified }: Who, json: boolean): void {
  const { zid = null, role = null, expiresAtMs } = token;
  const { url, source, profile = null } = vault;
  if (json) {
    const expiresAt = expiresAtMs === undefined ? null : isoTime(expiresAtMs);
    const who = { zid, role, email: null, expiresAt, endsAt: expiresAt, verified };
    printJson(terminal, { url, source, profile, ...who });
    return;
  }
  printFields(terminal, [
    ["vault", url],
    ["chosen by", chosenBy(vault)],
    ["ZID", zid ?? ""],
    ["role", role ?? ""],
    ["expires", expiresAtMs === undefined ? "" : timeFor(terminal, expiresAtMs)],
    ["verified", verified ? "yes, by the vault" : "no: these are the token's own claims"],
  ]);
}
