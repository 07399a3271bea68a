import { Command, CommanderError, Option } from "commander";
import { parseTtl } from "../auth/index.ts";
import { OperatorError, type Role, systemClock } from "../base/index.ts";
import { loadDatabaseConfig, loadTokenConfig, type Mode } from "../config/index.ts";
import { StoreFailure } from "../ledger/index.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

/** The command line is wrong. Otherwise 0 means done, and 1 that the answer is no or the start failed. */
const usageExitCode = 2;
/** `audit verify` could not look: 1 is kept for what was tampered with. */
const unverifiedExitCode = 2;

/** Runs the `zsc` command with the process's arguments and environment; sets the exit code. */
export async function main(argv: readonly string[], version: string): Promise<void> {
  const terminal = createTerminal(process);
  try {
    await createProgram(terminal, version).parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error, terminal);
    // Whatever a command that failed has begun (connections, a port) shall not keep the process.
    if (process.exitCode !== 0) {
      process.exit();
    }
  }
}

function createProgram(terminal: Terminal, version: string): Command {
  const program = new Command("zsc")
    .description("A secrets vault whose every read is durable in a verifiable audit log before it is answered.")
    .version(version, "--version", "print the version")
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });

  program
    .command("serve")
    .description("start the server; settings come from ZSC_* environment variables (docs/operations.md)")
    .addOption(devOption())
    .action(async ({ dev }: Dev) => {
      // Commands load the server's libraries when they need them: minting a token shall not wait for a database driver.
      const { serve } = await import("../main.ts");
      await serve(process.env, modeOf(dev));
    });

  program
    .command("token")
    .description("mint a token with the configured secret, and print it and nothing else")
    .addOption(devOption())
    .addOption(
      new Option("--role <role>", "what it may be used for")
        .choices(["admin", "caller", "system"])
        .makeOptionMandatory(),
    )
    .requiredOption("--zid <ZID>", "whose it is")
    .option("--ttl <time>", "how long it is good: a number and s, m, h or d", "12h")
    .action((options: TokenOptions) => token(options, terminal));

  program
    .command("audit")
    .description("work with the audit log")
    .command("verify")
    .description("follow the hash chain, then compare the vault with it")
    .addHelpText("after", "\nExit code: 0 all is whole, 1 something was tampered with, 2 it could not be verified.")
    .addOption(devOption())
    .option("--json", "print one line of JSON")
    .action(async (options: VerifyOptions) => {
      try {
        process.exitCode = await auditVerify(options, terminal);
      } catch (error) {
        report(error, terminal);
        process.exitCode = unverifiedExitCode;
      }
    });

  return program;
}

interface Dev {
  readonly dev?: boolean;
}

interface TokenOptions extends Dev {
  readonly role: Role;
  readonly zid: string;
  readonly ttl: string;
}

interface VerifyOptions extends Dev {
  readonly json?: boolean;
}

function devOption(): Option {
  return new Option("--dev", "development mode: keys and data in ZSC_DATA_DIR (.zsc), loopback only");
}

function modeOf(dev: boolean | undefined): Mode | undefined {
  return dev === true ? "development" : undefined;
}

async function token({ dev, role, zid, ttl }: TokenOptions, terminal: Terminal): Promise<void> {
  const { jwt } = loadTokenConfig(process.env, { mode: modeOf(dev) });
  const ttlMs = asOperatorError(() => parseTtl(ttl));
  const { mintToken } = await import("../auth/index.ts");
  const minted = mintToken({ ...jwt, secret: jwt.secret.bytes, zid, role, ttlMs, clock: systemClock });
  terminal.out(await minted.catch((error: unknown) => asOperatorError(() => rethrow(error))));
}

async function auditVerify({ dev, json }: VerifyOptions, terminal: Terminal): Promise<number> {
  const { database } = loadDatabaseConfig(process.env, { mode: modeOf(dev) });
  const { openChangeIndex, openSnapshot } = await import("../compose.ts");
  const { runVerify } = await import("./verify-command.ts");
  const snapshot = await openSnapshot(database);
  const index = await openChangeIndex();
  try {
    return await runVerify({ snapshot, index, json: json === true, terminal });
  } catch (error) {
    throw error instanceof StoreFailure
      ? new OperatorError(`The database cannot be read to its end: ${error.message}.`)
      : error;
  } finally {
    index.close();
    await snapshot.close();
  }
}

/** A wrong argument is the operator's to mend: its message, without a stack. */
function asOperatorError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof Error ? new OperatorError(error.message) : error;
  }
}

function rethrow(error: unknown): never {
  throw error;
}

function report(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? 0 : usageExitCode;
  }
  if (error instanceof OperatorError) {
    terminal.note(`zsc: ${error.message}`);
  } else {
    terminal.note(`zsc: a bug: ${error instanceof Error ? error.stack : String(error)}`);
  }
  return 1;
}
