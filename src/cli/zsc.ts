import { Command } from "commander";
import { isAsked, openTerminal } from "./asked.ts";
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
import { refuseContradictions } from "./contradictions.ts";
import { execute, refuseCommandLine, report, usageExitCode } from "./exit.ts";
import { cannotWrite } from "./failure.ts";
import { withFlagsBehind } from "./leading-flags.ts";
import type { Terminal } from "./terminal.ts";

/** Runs the `zsc` command with the process's arguments and environment; sets the exit code. */
export async function main(argv: readonly string[], version: string): Promise<void> {
  const [, , ...args] = argv;
  const json = isAsked(args, "--json");
  const terminal = openTerminal(args);
  const program = wholeProgram(terminal, version, json);
  const words = withFlagsBehind(program, args);
  const [first] = words;
  // A server goes on when nobody takes its log.
  if (first !== "serve" && first !== "run") {
    endOnLostOutput(terminal, json);
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
function endOnLostOutput(terminal: Terminal, json: boolean): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") {
      process.exit(141);
    }
    process.exit(report(cannotWrite("standard output", error.code), terminal, json));
  });
}

/** All commands, as a process has them. */
export function wholeProgram(terminal: Terminal, version: string, json = false): Command {
  return createProgram(version, json, [
    serveCommand(version),
    runCommand(terminal),
    ...commandsOfShell(terminal, version),
    completionCommand(terminal),
    pulseCommand((own, asJson) => createProgram(version, asJson, commandsOfShell(own, version))),
  ]);
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
    .version(version, ...versionFlag)
    .enablePositionalOptions()
    // What is wrong is told where all failures are; one line of JSON is all that a script gets of it.
    .configureOutput({ outputError: () => undefined, ...(json ? { writeErr: () => undefined } : {}) });
  program.exitOverride(refuseCommandLine(program));
  for (const command of commands) {
    // Commander passes a parent's settings on to the commands that it makes itself, and not to those that are added.
    settingsFrom(program, command, version);
    program.addCommand(command);
  }
  return program;
}

const versionFlag = ["--version", "print the version"] as const;

function settingsFrom(parent: Command, command: Command, version: string): void {
  command
    .copyInheritedSettings(parent)
    .exitOverride(refuseCommandLine(command))
    .version(version, ...versionFlag);
  refuseContradictions(command);
  for (const child of command.commands) {
    settingsFrom(command, child, version);
  }
}
