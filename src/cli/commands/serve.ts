import { Command } from "commander";
import { type Development, developmentOption, modeOfServer } from "../development.ts";
import { withExamples } from "../flags.ts";

/** @param version of the program */
export function serveCommand(version: string): Command {
  const command = new Command("serve")
    .description("start the server; settings come from ZSC_* environment variables (docs/operations.md)")
    .addOption(developmentOption());
  return withExamples(command, [
    "zsc serve --dev",
    "ZSC_LISTEN=0.0.0.0:7777 ZSC_MASTER_KEY_FILE=/etc/zsc/master.key … zsc serve",
  ]).action(async (options: Development) => {
    // Commands load the server's libraries when they need them: minting a token must not wait for a database driver.
    const { serve } = await import("../../main.ts");
    await serve(process.env, modeOfServer(options), version);
  });
}
