import type { Command } from "commander";
import type { Mode } from "../config/index.ts";
import { type Development, developmentOption } from "./development.ts";
import type { Terminal } from "./terminal.ts";

/** The flags of every command on the vault's own machine. */
export interface MachineFlags extends Development {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Adds them. Those that choose a vault or a token, or are about calls, make no sense there. */
export function withMachineFlags(command: Command): Command {
  return command
    .addOption(developmentOption())
    .option("--no-dev", "not development mode, whatever lies in this folder")
    .option("--json", "print one JSON document")
    .option("--quiet", "say neither which vault it is, nor what was done beside the result")
    .option("--no-color", "no colours");
}

interface Place {
  readonly mode: Mode;
  readonly dataDir: string;
  /** For people; undefined where no database is opened. */
  readonly database?: string;
}

/** Says which vault it is. */
export function tellMachine(terminal: Terminal, { quiet }: MachineFlags, { mode, dataDir, database }: Place): void {
  if (quiet !== true) {
    const place = database === undefined ? "of this machine's settings" : `in the database ${database}`;
    terminal.aside(mode === "development" ? `development vault ${dataDir}` : `vault ${place}`);
  }
}
