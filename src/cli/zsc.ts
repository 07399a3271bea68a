import { Command } from "commander";
import { auditCommand } from "./commands/audit-verify.ts";
import { serveCommand } from "./commands/serve.ts";
import { tokenCommand } from "./commands/token.ts";
import { userCommand } from "./commands/user.ts";
import { report } from "./exit.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

/** Runs the `zsc` command with the process's arguments and environment; sets the exit code. */
export async function main(argv: readonly string[], version: string): Promise<void> {
  const terminal = createTerminal(process);
  try {
    await createProgram(terminal, version).parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error, terminal);
    // What a failed command has opened (connections, a port) must not keep the process alive.
    if (process.exitCode !== 0) {
      process.exit();
    }
  }
}

function createProgram(terminal: Terminal, version: string): Command {
  const program = new Command("zsc")
    .description("A secrets vault whose every read is durable in a verifiable audit log before it is answered.")
    .version(version, "--version", "print the version")
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });
  for (const command of [
    serveCommand(version),
    tokenCommand(terminal),
    userCommand(terminal),
    auditCommand(terminal),
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
