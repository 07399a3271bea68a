import type { Command } from "commander";
import type { ClientFlags } from "../client-command.ts";

/** What chooses a vault: whoever names another one means none of the shell's. */
const choosing = ["url", "profile", "dev"] as const;
/** What belongs to the vault that was chosen: its token, above all, is for no other one. */
const ofVault = [...choosing, "tokenFile", "caFile", "allowHttp"] as const;
const ofOutput = ["timeout", "json", "verbose"] as const;

/** Gives a command the flags of the shell, where its line has none of its own. Answers whether it chose a vault by itself. */
export function giveFlags(command: Command, flags: ClientFlags): boolean {
  const known = new Set(command.options.map((option) => option.attributeName()));
  const hasOwn = (name: string) => command.getOptionValueSource(name) === "cli";
  const give = (name: string, value: unknown) => {
    if (value !== undefined && known.has(name) && !hasOwn(name)) {
      command.setOptionValueWithSource(name, value, "config");
    }
  };
  const choosesVault = known.has("url");
  const isElsewhere = choosesVault && choosing.some(hasOwn);
  for (const name of ofOutput) {
    give(name, flags[name]);
  }
  if (choosesVault && !isElsewhere) {
    for (const name of ofVault) {
      give(name, flags[name]);
    }
    // The shell has said it at its start.
    give("quiet", true);
  } else {
    give("quiet", flags.quiet);
    // Of commands on the vault's own machine.
    give("dev", choosesVault ? undefined : flags.dev);
  }
  return isElsewhere;
}

/** The same flags as words, for a line that is to be typed elsewhere. */
export function wordsOfFlags({ url, profile, dev, tokenFile, caFile, allowHttp }: ClientFlags): readonly string[] {
  return [
    ...(url === undefined ? [] : ["--url", url]),
    ...(profile === undefined ? [] : ["--profile", profile]),
    ...(dev === undefined ? [] : [dev ? "--dev" : "--no-dev"]),
    ...(tokenFile === undefined ? [] : ["--token-file", tokenFile]),
    ...(caFile === undefined ? [] : ["--ca-file", caFile]),
    ...(allowHttp === true ? ["--allow-http"] : []),
  ];
}
