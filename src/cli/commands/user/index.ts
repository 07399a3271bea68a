import { Command } from "commander";
import type { Terminal } from "../../terminal.ts";
import { disableCommand, enableCommand, signOutCommand } from "./access.ts";
import { createCommand } from "./create.ts";
import { deleteCommand } from "./delete.ts";
import { listCommand } from "./list.ts";
import { setPasswordCommand } from "./set-password.ts";
import { setZidCommand } from "./set-zid.ts";

/** Users, through the database of the vault's own machine. */
export function userCommand(terminal: Terminal): Command {
  const user = new Command("user").description(
    "users, on the vault's own machine: create, list, set-password, set-zid, disable, enable, sign-out, delete",
  );
  for (const make of [
    createCommand,
    listCommand,
    setPasswordCommand,
    setZidCommand,
    disableCommand,
    enableCommand,
    signOutCommand,
    deleteCommand,
  ]) {
    user.addCommand(make(terminal));
  }
  return user;
}
