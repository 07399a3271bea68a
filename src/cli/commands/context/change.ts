import type { Command } from "commander";
import { clientCommand, namingSecret } from "../../client-program.ts";
import { conditionOf, ifVersionFlag, type VersionFlags } from "../../flags.ts";
import { printJson } from "../../output/print.ts";
import { visible } from "../../output/visible.ts";
import type { Terminal } from "../../terminal.ts";

export const rotateCommand = (terminal: Terminal): Command =>
  clientCommand<VersionFlags>(terminal, {
    syntax: "rotate <name>",
    title: "context rotate",
    description: "seal the same value again under a fresh key",
    examples: ["zsc context rotate db-password", "zsc context rotate db-password --json"],
    options: (command) => command.option(...ifVersionFlag),
    async run({ connection, flags }, name) {
      const { receipt } = await connection
        .call("Rotate", ({ admin }, options) => admin.rotate({ name, ...conditionOf(flags) }, options))
        .catch(namingSecret(name));
      if (flags.json === true) {
        printJson(terminal, { name, rotated: true }, receipt);
      } else {
        terminal.out(`rotated ${visible(name)}`);
      }
    },
  });

/** `grant` and `revoke` print the whole list of readers that came of it. */
function readersCommand(terminal: Terminal, which: "grant" | "revoke"): Command {
  const isGrant = which === "grant";
  return clientCommand<VersionFlags>(terminal, {
    syntax: `${which} <name> <zid>`,
    title: `context ${which}`,
    description: isGrant ? "let a ZID read a secret" : "take a ZID's right to read a secret",
    examples: [`zsc context ${which} db-password ZEQ-APP`, `zsc context ${which} db-password ZEQ-APP --json`],
    options: (command) => command.option(...ifVersionFlag),
    async run({ connection, flags }, name, zid) {
      const request = { name, zid, ...conditionOf(flags) };
      const { answer, receipt } = await connection
        .call<{ readonly permissions: readonly string[] }>(isGrant ? "Grant" : "Revoke", ({ admin }, options) =>
          isGrant ? admin.grant(request, options) : admin.revoke(request, options),
        )
        .catch(namingSecret(name));
      const { permissions } = answer;
      if (flags.json === true) {
        printJson(terminal, { name, zid, permissions }, receipt);
      } else if (terminal.isTerminal) {
        terminal.out(`readers of ${visible(name)}: ${permissions.map(visible).join(", ") || "its owner alone"}`);
      } else if (permissions.length > 0) {
        terminal.out(permissions.join("\n"));
      }
    },
  });
}

export const grantCommand = (terminal: Terminal) => readersCommand(terminal, "grant");
export const revokeCommand = (terminal: Terminal) => readersCommand(terminal, "revoke");
