import { Command } from "commander";
import { OperatorError } from "../../base/index.ts";
import { loadDatabaseConfig } from "../../config/index.ts";
import { type ClientFlags, tellVault, timeoutIn, userFiles, vaultOf, withClientFlags } from "../client-command.ts";
import { modeOf } from "../development.ts";
import { lookAtServer } from "../exit.ts";
import { CliFailure, exitCodes, ToldExit, usage } from "../failure.ts";
import { tellMachine } from "../machine-command.ts";
import { timeFor } from "../output/time.ts";
import type { Terminal } from "../terminal.ts";
import { type ChosenVault, parseUrlFlag } from "../vault/choose.ts";
import { type ChosenToken, chooseAnyToken } from "../vault/token.ts";

interface DoctorFlags extends ClientFlags {
  readonly server?: boolean;
}

/** @param version of the program */
export function doctorCommand(terminal: Terminal, version: string): Command {
  return withClientFlags(new Command("doctor"))
    .description("look for what keeps commands, or with --server a server, from working; changes nothing")
    .option("--server", "on the vault's own machine: settings, database, schema, key")
    .addHelpText(
      "after",
      `
Exit code: 0 nothing has failed, warnings or not; 1 something has; 2 the command line is wrong.

Examples:
  zsc doctor
  zsc doctor --url https://vault.example --json
  zsc doctor --server`,
    )
    .action(async (flags: DoctorFlags) => {
      const doctor = await import("../doctor/index.ts");
      // A document is for scripts, wherever it is read.
      const isTerminal = terminal.isTerminal && flags.json !== true;
      const timeText = (unixMs: number) => timeFor({ isTerminal }, unixMs);
      const chooseToken = tokenOnce(flags);
      await tellPlaceOf(flags, terminal, chooseToken);
      const checks =
        flags.server === true
          ? doctor.checkVaultMachine({ ...machineOf(flags), timeText })
          : doctor.checkClient({ ...patientOf(flags, terminal, version), timeText, chooseToken });
      if (!(await doctor.printChecks(terminal, checks, flags.json === true))) {
        throw new ToldExit(exitCodes.no);
      }
    });
}

type ChooseToken = (vault: ChosenVault) => Promise<ChosenToken>;

/** Chosen once, for what is told first and for its check: a token file may be a pipe. */
function tokenOnce(flags: DoctorFlags): ChooseToken {
  let chosen: Promise<ChosenToken> | undefined;
  return (vault) => {
    chosen ??= chooseAnyToken(vault, "doctor", { flags, env: process.env, files: userFiles() });
    return chosen;
  };
}

/** Says which vault is looked at; what keeps it from being said is told by the checks. */
async function tellPlaceOf(flags: DoctorFlags, terminal: Terminal, chooseToken: ChooseToken): Promise<void> {
  try {
    if (flags.server === true) {
      const { env, mode } = machineOf(flags);
      const { database, ...place } = loadDatabaseConfig(env, { mode });
      const { placeOf } = await import("../../compose.ts");
      tellMachine(terminal, flags, { ...place, database: placeOf(database) });
    } else {
      const vault = vaultOf(flags);
      tellVault(terminal, flags, vault, await chooseToken(vault));
    }
  } catch (error) {
    if (!(error instanceof CliFailure || error instanceof OperatorError)) {
      throw error;
    }
  }
}

function patientOf(flags: DoctorFlags, terminal: Terminal, version: string) {
  const { env } = process;
  parseUrlFlag(flags);
  const timeoutMs = timeoutIn(flags, env);
  const onCall = (line: string) => (flags.verbose === true ? terminal.note(line) : undefined);
  return { flags, env, files: userFiles(), version, timeoutMs, onCall };
}

const ofClients = ["url", "profile", "tokenFile", "caFile", "allowHttp", "timeout"] as const;

function machineOf(flags: DoctorFlags) {
  const foreign = ofClients.find((name) => flags[name] !== undefined);
  if (foreign !== undefined) {
    const flag = `--${foreign.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw usage(`--server looks at this machine, and takes no ${flag}`, lookAtServer);
  }
  const { env } = process;
  return { env, mode: modeOf(flags, env) };
}
