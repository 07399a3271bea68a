import { Command } from "commander";
import { OperatorError } from "../../base/index.ts";
import { loadDatabaseConfig } from "../../config/index.ts";
import { StoreFailure } from "../../ledger/index.ts";
import { modeOf } from "../development.ts";
import { failureOf, report, usageExitCode } from "../exit.ts";
import { ToldExit } from "../failure.ts";
import { withExamples } from "../flags.ts";
import { type MachineFlags, tellMachine, withMachineFlags } from "../machine-command.ts";
import type { Terminal } from "../terminal.ts";

export function auditCommand(terminal: Terminal): Command {
  const audit = new Command("audit").description("work with the audit log");
  const command = audit
    .command("verify")
    .description("follow the hash chain, then compare the vault with it")
    .addHelpText("after", "\nExit code: 0 all is whole, 1 something was tampered with, 2 it could not be verified.");
  const examples = ["zsc audit verify", "zsc audit verify --json"];
  withExamples(withMachineFlags(command), examples).action(async (flags: MachineFlags) => {
    const code = await verify(flags, terminal).catch((error: unknown) => {
      const failure = failureOf(error, flags.json);
      const exitCode = failure.kind === "interrupted" ? failure.exitCode : usageExitCode;
      return report(failure.with({ exitCode }), terminal, flags.json);
    });
    if (code !== 0) {
      throw new ToldExit(code);
    }
  });
  return audit;
}

async function verify(flags: MachineFlags, terminal: Terminal): Promise<number> {
  const { database, ...place } = loadDatabaseConfig(process.env, { mode: modeOf(flags) });
  const { openChangeIndex, openSnapshot, placeOf } = await import("../../compose.ts");
  tellMachine(terminal, flags, { ...place, database: placeOf(database) });
  const { runVerify } = await import("./verify-report.ts");
  const snapshot = await openSnapshot(database);
  const index = await openChangeIndex();
  try {
    return await runVerify({ snapshot, index, json: flags.json === true, terminal });
  } catch (error) {
    throw error instanceof StoreFailure
      ? new OperatorError(`The database cannot be read to its end: ${error.message}.`)
      : error;
  } finally {
    index.close();
    await snapshot.close();
  }
}
