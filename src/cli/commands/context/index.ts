import { Command } from "commander";
import type { Terminal } from "../../terminal.ts";
import { auditCommand } from "./audit.ts";
import { grantCommand, revokeCommand, rotateCommand } from "./change.ts";
import { deleteCommand } from "./delete.ts";
import { infoCommand } from "./info.ts";
import { listCommand } from "./list.ts";
import { probeCommand } from "./probe.ts";
import { setCommand } from "./set.ts";

/** The calls of the vault. */
export function contextCommand(terminal: Terminal): Command {
  const context = new Command("context").description(
    "secrets: list, info, set, rotate, grant, revoke, audit, delete, probe",
  );
  for (const make of [
    listCommand,
    infoCommand,
    setCommand,
    rotateCommand,
    grantCommand,
    revokeCommand,
    auditCommand,
    deleteCommand,
    probeCommand,
  ]) {
    context.addCommand(make(terminal));
  }
  return context;
}
