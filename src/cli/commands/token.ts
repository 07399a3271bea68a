import { Command, Option } from "commander";
import { parseTtl } from "../../auth/index.ts";
import { OperatorError, systemClock, type TokenRole } from "../../base/index.ts";
import { loadTokenConfig } from "../../config/index.ts";
import { type Development, developmentOption, modeOf } from "../development.ts";
import { withExamples } from "../flags.ts";
import type { Terminal } from "../terminal.ts";

interface TokenOptions extends Development {
  readonly role: TokenRole;
  readonly zid: string;
  readonly ttl: string;
}

export function tokenCommand(terminal: Terminal): Command {
  const command = new Command("token")
    .description("mint a token with the configured secret, and print it and nothing else")
    .addOption(developmentOption())
    .addOption(
      new Option("--role <role>", "what it may be used for")
        .choices(["admin", "caller", "system"])
        .makeOptionMandatory(),
    )
    .requiredOption("--zid <ZID>", "whose it is")
    .option("--ttl <time>", "how long it is good: a number and s, m, h or d", "12h");
  return withExamples(command, [
    "zsc token --role admin --zid ZEQ-ANN --ttl 1h",
    "zsc token --role caller --zid ZEQ-APP > app.jwt",
  ]).action(async (options: TokenOptions) => terminal.out(await mint(options)));
}

async function mint({ role, zid, ttl, ...options }: TokenOptions): Promise<string> {
  const { jwt } = loadTokenConfig(process.env, { mode: modeOf(options) });
  const { mintToken } = await import("../../auth/index.ts");
  try {
    const ttlMs = parseTtl(ttl);
    return await mintToken({ ...jwt, secret: jwt.secret.bytes, zid, role, ttlMs, clock: systemClock });
  } catch (error) {
    // A wrong argument is the operator's to mend: its message, without a stack.
    throw error instanceof Error ? new OperatorError(error.message) : error;
  }
}
