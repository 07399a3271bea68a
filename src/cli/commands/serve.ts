import { Command } from "commander";
import { type Development, developmentOption, modeOfServer } from "../development.ts";

/** @param version of the program */
export function serveCommand(version: string): Command {
  return new Command("serve")
    .description("start the server; settings come from ZSC_* environment variables (docs/operations.md)")
    .addOption(developmentOption())
    .action(async (options: Development) => {
      // Commands load the server's libraries when they need them: minting a token must not wait for a database driver.
      const { serve } = await import("../../main.ts");
      await serve(process.env, modeOfServer(options), version);
    });
}
