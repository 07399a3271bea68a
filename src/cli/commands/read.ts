import type { Command } from "commander";
import { onBehalfOfIn } from "../client-command.ts";
import { clientCommand, namingSecret } from "../client-program.ts";
import { exclusive } from "../contradictions.ts";
import { usage } from "../failure.ts";
import { openNewFile } from "../new-file.ts";
import { printJson } from "../output/print.ts";
import type { Terminal } from "../terminal.ts";

interface ReadFlags {
  readonly purpose?: string;
  readonly as?: string;
  readonly out?: string;
  readonly newline?: boolean;
}

export const readCommand = (terminal: Terminal): Command =>
  clientCommand<ReadFlags>(terminal, {
    syntax: "read <name>",
    title: "read",
    role: "caller",
    description: "read the value of a secret with a caller's token, and print it and nothing else",
    examples: ["zsc read db-password", "zsc read tls-key --out key.pem --purpose deploy"],
    options: (command) =>
      exclusive(command, "--out", "--json")
        .option("--purpose <purpose>", "kept in the row of the log")
        .option("--as <zid>", "as whom; in a development vault, and with a token of the system")
        .option("--out <file>", "into a new file that only you can read")
        .option("--newline", "a line break after the value"),
    async run({ connection, token, vault, flags }, name) {
      const { purpose, as, out } = flags;
      const onBehalfOf = onBehalfOfIn(as, { vault, token });
      const request = {
        name,
        ...(purpose === undefined ? {} : { purpose }),
        ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
      };
      const { answer, receipt } = await connection
        .call("Read", ({ context }, options) => context.read(request, options))
        .catch(namingSecret(name));
      const { value, purposeTag, receipt: row } = answer;
      if (flags.json === true) {
        printJson(
          terminal,
          {
            ...{ name, value, purpose_tag: purposeTag ?? null },
            ...{ transition_id: row?.transitionId, proof_digest: row?.proofDigest, zeqond: Number(row?.zeqond ?? 0) },
          },
          receipt,
        );
        return;
      }
      if (out !== undefined) {
        const file = openNewFile(out);
        file.write(flags.newline === true ? `${value}\n` : value);
        file.keep();
        return;
      }
      if (terminal.isTerminal && hasControls(value)) {
        throw usage("the value has control characters, which a terminal would obey", "--out FILE");
      }
      terminal.write(terminal.isTerminal || flags.newline === true ? `${value}\n` : value);
    },
  });

function hasControls(value: string): boolean {
  return /[^\P{Cc}\n\t]|\r/u.test(value);
}
