import { Command } from "commander";
import { auditCommand } from "./commands/audit-verify.ts";
import { completionCommand } from "./commands/completion.ts";
import { contextCommand } from "./commands/context/index.ts";
import { probeCommand } from "./commands/context/probe.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { exportCommand } from "./commands/export.ts";
import { importCommand } from "./commands/import.ts";
import { loginCommand } from "./commands/login.ts";
import { logoutCommand } from "./commands/logout.ts";
import { readCommand } from "./commands/read.ts";
import { ownFailure as ownFailureOfRun, runCommand } from "./commands/run.ts";
import { serveCommand } from "./commands/serve.ts";
import { tokenCommand } from "./commands/token.ts";
import { userCommand } from "./commands/user/index.ts";
import { whoamiCommand } from "./commands/whoami.ts";
import { report, usageExitCode } from "./exit.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

/** Runs the `zsc` command with the process's arguments and environment; sets the exit code. */
export async function main(argv: readonly string[], version: string): Promise<void> {
  const [, , ...args] = argv;
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  const terminal = createTerminal(process);
  const json = own.includes("--json");
  // A server goes on when nobody takes its log.
  if (own[0] !== "serve" && own[0] !== "run") {
    endQuietlyOnClosedOutput();
  }
  try {
    await createProgram(terminal, version, json).parseAsync([...argv]);
  } catch (error) {
    const code = report(error, terminal, json);
    process.exitCode = own[0] === "run" && code === usageExitCode ? ownFailureOfRun : code;
    // What a failed command has opened (connections, a port) must not keep the process alive.
    if (process.exitCode !== 0) {
      process.exit();
    }
  }
}

/** `| head`: whoever read along has seen enough. */
function endQuietlyOnClosedOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") {
      process.exit(141);
    }
  });
}

function createProgram(terminal: Terminal, version: string, json: boolean): Command {
  const program = new Command("zsc")
    .description("A secrets vault whose every read is durable in a verifiable audit log before it is answered.")
    .version(version, "--version", "print the version")
    .exitOverride()
    .enablePositionalOptions()
    // One line of JSON is all that a script gets of a failure.
    .configureOutput(json ? { writeErr: () => undefined } : {})
    .configureHelp({ showGlobalOptions: true });
  for (const command of [
    serveCommand(version),
    contextCommand(terminal),
    readCommand(terminal),
    probeCommand(terminal),
    runCommand(terminal),
    importCommand(terminal),
    exportCommand(terminal),
    loginCommand(terminal),
    logoutCommand(terminal),
    whoamiCommand(terminal),
    tokenCommand(terminal),
    userCommand(terminal),
    auditCommand(terminal),
    doctorCommand(terminal, version),
    completionCommand(terminal),
  ]) {
    // Commander passes a parent's settings on to the commands that it makes itself, and not to those that are added.
    settingsFrom(program, command);
    program.addCommand(command);
  }
  return program;
}

function settingsFrom(parent: Command, command: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) {
    settingsFrom(command, child);
  }
}
