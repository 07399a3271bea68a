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
import { pulseCommand } from "./commands/pulse.ts";
import { readCommand } from "./commands/read.ts";
import { ownFailure as ownFailureOfRun, runCommand } from "./commands/run.ts";
import { serveCommand } from "./commands/serve.ts";
import { tokenCommand } from "./commands/token.ts";
import { userCommand } from "./commands/user/index.ts";
import { whoamiCommand } from "./commands/whoami.ts";
import { execute, isAsked, refuseCommandLine, usageExitCode } from "./exit.ts";
import { withFlagsBehind } from "./leading-flags.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

/** Runs the `zsc` command with the process's arguments and environment; sets the exit code. */
export async function main(argv: readonly string[], version: string): Promise<void> {
  const [, , ...args] = argv;
  const json = isAsked(args, "--json");
  const { stdout, stderr, env } = process;
  const colours = isAsked(args, "--no-color") ? { NO_COLOR: "1" } : {};
  const terminal = createTerminal({ stdout, stderr, env: { ...env, ...colours } }, { isJson: json });
  const program = createProgram(version, json, commandsOf(terminal, version));
  const words = withFlagsBehind(program, args);
  const [first] = words;
  // A server goes on when nobody takes its log.
  if (first !== "serve" && first !== "run") {
    endOnLostOutput();
    // What cannot be told is no reason to end a command in the middle.
    process.stderr.on("error", () => undefined);
  }
  const code = await execute(program, words, terminal, json);
  if (code !== 0) {
    // What a failed command has opened (connections, a port) must not keep the process alive.
    process.exit(first === "run" && code === usageExitCode ? ownFailureOfRun : code);
  }
}

/** `| head`: whoever read along has seen enough. A result that is lost otherwise, on a full disk, is a failure. */
function endOnLostOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") {
      process.exit(141);
    }
    process.stderr.write(`zsc: standard output cannot be written (${error.code ?? "unknown"})\n`);
    process.exit(usageExitCode);
  });
}

function commandsOf(terminal: Terminal, version: string): readonly Command[] {
  return [
    serveCommand(version),
    runCommand(terminal),
    ...commandsOfShell(terminal, version),
    completionCommand(terminal),
    pulseCommand((own, asJson) => createProgram(version, asJson, commandsOfShell(own, version))),
  ];
}

/** Those that can run one after the other in a process. */
function commandsOfShell(terminal: Terminal, version: string): readonly Command[] {
  return [
    contextCommand(terminal),
    readCommand(terminal),
    probeCommand(terminal),
    importCommand(terminal),
    exportCommand(terminal),
    loginCommand(terminal),
    logoutCommand(terminal),
    whoamiCommand(terminal),
    tokenCommand(terminal),
    userCommand(terminal),
    auditCommand(terminal),
    doctorCommand(terminal, version),
  ];
}

function createProgram(version: string, json: boolean, commands: readonly Command[]): Command {
  const program = new Command("zsc")
    .description("A secrets vault whose every read is durable in a verifiable audit log before it is answered.")
    .version(version, "--version", "print the version")
    .enablePositionalOptions()
    // What is wrong is told where all failures are; one line of JSON is all that a script gets of it.
    .configureOutput({ outputError: () => undefined, ...(json ? { writeErr: () => undefined } : {}) })
    .configureHelp({ showGlobalOptions: true });
  program.exitOverride(refuseCommandLine(program));
  for (const command of commands) {
    // Commander passes a parent's settings on to the commands that it makes itself, and not to those that are added.
    settingsFrom(program, command);
    program.addCommand(command);
  }
  return program;
}

function settingsFrom(parent: Command, command: Command): void {
  command.copyInheritedSettings(parent).exitOverride(refuseCommandLine(command));
  for (const child of command.commands) {
    settingsFrom(command, child);
  }
}
