import { Command } from "commander";
import { OperatorError } from "../../base/index.ts";
import { loadDatabaseConfig } from "../../config/index.ts";
import { StoreFailure } from "../../ledger/index.ts";
import { type Development, developmentOption, modeOf } from "../development.ts";
import { report, usageExitCode } from "../exit.ts";
import { exitCodes, ToldExit } from "../failure.ts";
import { withExamples } from "../flags.ts";
import type { Terminal } from "../terminal.ts";

interface VerifyOptions extends Development {
  readonly json?: boolean;
}

export function auditCommand(terminal: Terminal): Command {
  const audit = new Command("audit").description("work with the audit log");
  const command = audit
    .command("verify")
    .description("follow the hash chain, then compare the vault with it")
    .addHelpText("after", "\nExit code: 0 all is whole, 1 something was tampered with, 2 it could not be verified.")
    .addOption(developmentOption())
    .option("--json", "print one line of JSON");
  withExamples(command, ["zsc audit verify", "zsc audit verify --json"]).action(async (options: VerifyOptions) => {
    const code = await verify(options, terminal).catch((error: unknown) => {
      const own = report(error, terminal);
      return own === exitCodes.interrupted ? own : usageExitCode;
    });
    if (code !== 0) {
      throw new ToldExit(code);
    }
  });
  return audit;
}

async function verify(options: VerifyOptions, terminal: Terminal): Promise<number> {
  const { database } = loadDatabaseConfig(process.env, { mode: modeOf(options) });
  const { openChangeIndex, openSnapshot } = await import("../../compose.ts");
  const { runVerify } = await import("./verify-report.ts");
  const snapshot = await openSnapshot(database);
  const index = await openChangeIndex();
  try {
    return await runVerify({ snapshot, index, json: options.json === true, terminal });
  } catch (error) {
    throw error instanceof StoreFailure
      ? new OperatorError(`The database cannot be read to its end: ${error.message}.`)
      : error;
  } finally {
    index.close();
    await snapshot.close();
  }
}
