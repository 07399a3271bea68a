import type { Command } from "commander";
import { clientCommand } from "../../client-program.ts";
import { exitCodes, ToldExit } from "../../failure.ts";
import { printJson } from "../../output/print.ts";
import type { Terminal } from "../../terminal.ts";

interface ProbeFlags {
  readonly purpose?: string;
}

const sentences: Readonly<Record<string, string>> = {
  denied: "denied: neither owner nor permitted. It counted as a denial of that ZID",
  rate_limited: "rate limited: too many denials of that ZID in the last minute",
  not_found: "there is no such secret",
  error: "the sealed value does not open",
};

export const probeCommand = (terminal: Terminal): Command =>
  clientCommand<ProbeFlags>(terminal, {
    syntax: "probe <name> <zid>",
    title: "context probe",
    description: "ask whether a ZID may read a secret; the answer is in the log, and the value is not shown",
    examples: [
      "zsc context probe db-password ZEQ-APP",
      "zsc context probe db-password ZEQ-APP --purpose review --json",
    ],
    options: (command) => command.option("--purpose <purpose>", "kept in the row of the log"),
    async run({ connection, flags }, name, asZid) {
      const { purpose } = flags;
      const { answer, receipt } = await connection.call("ProbePermission", ({ admin }, options) =>
        admin.probePermission({ name, asZid, ...(purpose === undefined ? {} : { purpose }) }, options),
      );
      const { granted, reason } = answer;
      if (flags.json === true) {
        printJson(terminal, granted ? { granted } : { granted, reason }, receipt);
      } else {
        terminal.out(granted ? "granted" : (sentences[reason ?? ""] ?? String(reason)));
      }
      if (!granted) {
        throw new ToldExit(exitCodes.no);
      }
    },
  });
