import { Command, Option } from "commander";
import { parseTtl } from "../../auth/index.ts";
import { systemClock, type TokenRole } from "../../base/index.ts";
import { loadTokenConfig } from "../../config/index.ts";
import { modeOf } from "../development.ts";
import { CliFailure } from "../failure.ts";
import { withExamples } from "../flags.ts";
import { type MachineFlags, tellMachine, withMachineFlags } from "../machine-command.ts";
import { printJson } from "../output/print.ts";
import { isoTime } from "../output/time.ts";
import type { Terminal } from "../terminal.ts";
import { describe } from "../vault/token.ts";

interface TokenFlags extends MachineFlags {
  readonly role: TokenRole;
  readonly zid: string;
  readonly ttl: string;
}

export function tokenCommand(terminal: Terminal): Command {
  const command = new Command("token")
    .description("mint a token with the configured secret, and print it and nothing else")
    .addOption(
      new Option("--role <role>", "what it may be used for")
        .choices(["admin", "caller", "system"])
        .makeOptionMandatory(),
    )
    .requiredOption("--zid <ZID>", "whose it is")
    .option("--ttl <time>", "how long it is good: a number and s, m, h or d", "12h");
  const examples = [
    "zsc token --role admin --zid ZEQ-ANN --ttl 1h",
    "zsc token --role caller --zid ZEQ-APP > app.jwt",
    "zsc token --role caller --zid ZEQ-APP --json",
  ];
  return withExamples(withMachineFlags(command), examples).action(async (flags: TokenFlags) => {
    const token = await mint(flags, terminal);
    if (flags.json === true) {
      const { zid, role, expiresAtMs } = describe(token, "flag");
      printJson(terminal, { token, zid, role, expiresAt: expiresAtMs === undefined ? null : isoTime(expiresAtMs) });
    } else {
      terminal.out(token);
    }
  });
}

async function mint({ role, zid, ttl, ...flags }: TokenFlags, terminal: Terminal): Promise<string> {
  const { jwt, ...place } = loadTokenConfig(process.env, { mode: modeOf(flags) });
  tellMachine(terminal, flags, place);
  const { mintToken } = await import("../../auth/index.ts");
  try {
    const ttlMs = parseTtl(ttl);
    return await mintToken({ ...jwt, secret: jwt.secret.bytes, zid, role, ttlMs, clock: systemClock });
  } catch (error) {
    // A wrong argument is the operator's to mend: its message, without a stack.
    throw error instanceof Error ? new CliFailure("failed", error.message, { next: "zsc token --help" }) : error;
  }
}
