import { Command } from "commander";
import { type ClientFlags, timeoutIn, userFiles, withClientFlags } from "../client-command.ts";
import { modeOf } from "../development.ts";
import { exitCodes, ToldExit, usage } from "../failure.ts";
import type { Terminal } from "../terminal.ts";
import { parseUrlFlag } from "../vault/choose.ts";

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
      const checks =
        flags.server === true
          ? doctor.checkVaultMachine(machineOf(flags))
          : doctor.checkClient(patientOf(flags, terminal, version));
      if (!(await doctor.printChecks(terminal, checks, flags.json === true))) {
        throw new ToldExit(exitCodes.no);
      }
    });
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
    throw usage(`--server looks at this machine, and takes no ${flag}`);
  }
  const { env } = process;
  return { env, mode: flags.dev === false ? undefined : modeOf(flags, env) };
}
