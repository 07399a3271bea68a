import { Command } from "commander";
import { withExamples } from "../../flags.ts";
import { type MachineFlags, withMachineFlags } from "../../machine-command.ts";
import { printJson, printRows } from "../../output/print.ts";
import type { Terminal } from "../../terminal.ts";
import { listedUserOf, userColumns } from "./listed-user.ts";
import { onMachine } from "./machine.ts";

interface ListFlags extends MachineFlags {
  readonly contains?: string;
}

const examples = ["zsc user list", "zsc user list --contains @example.com --json"];

export function listCommand(terminal: Terminal): Command {
  const command = new Command("list")
    .description("list users by e-mail, without anything secret")
    .option("--contains <text>", "e-mails that hold it, in capitals or not");
  return withExamples(withMachineFlags(command), examples).action(async (flags: ListFlags) => {
    const users = await onMachine({ flags, terminal }, false, async ({ store }) => {
      const { listUsers } = await import("../../../people/index.ts");
      return await listUsers(store, flags.contains ?? "", listedUserOf);
    });
    if (flags.json === true) {
      printJson(terminal, { users });
    } else {
      printRows(terminal, userColumns, users);
    }
  });
}
