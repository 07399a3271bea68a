import { closeSync, fsyncSync, linkSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { errorCode } from "../../base/index.ts";
import { clientCommand, namingSecret } from "../client-program.ts";
import { usage } from "../failure.ts";
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
      command
        .option("--purpose <purpose>", "kept in the row of the log")
        .option("--as <zid>", "as whom; in a development vault, and with a token of the system")
        .option("--out <file>", "into a new file that only you can read")
        .option("--newline", "a line break after the value"),
    async run({ connection, token, vault, flags }, name) {
      const { purpose, as, out } = flags;
      if (as !== undefined && vault.development === undefined && token.role !== "system") {
        throw usage("--as needs a token of the system, or a development vault");
      }
      const request = {
        name,
        ...(purpose === undefined ? {} : { purpose }),
        ...(as === undefined || vault.development !== undefined ? {} : { onBehalfOf: as }),
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
        writeNew(out, flags.newline === true ? `${value}\n` : value);
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

/** A new file that only its owner can read, whole or not at all. */
function writeNew(path: string, text: string): void {
  const beside = join(dirname(path), `.zsc-${process.pid}.new`);
  try {
    const file = openSync(beside, "wx", 0o600);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // A link, unlike a rename, fails when there is such a file.
    linkSync(beside, path);
  } catch (error) {
    const code = errorCode(error) ?? "unknown";
    throw code === "EEXIST"
      ? usage(`${path} exists, and is not written over`)
      : usage(`${path} cannot be written (${code})`);
  } finally {
    rmSync(beside, { force: true });
  }
}
