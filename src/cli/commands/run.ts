import { constants } from "node:os";
import { Command } from "commander";
import { type ClientFlags, onBehalfOfIn, openSession, withClientFlags } from "../client-command.ts";
import { CliFailure, usage } from "../failure.ts";
import { collect } from "../flags.ts";
import { readFile } from "../input.ts";
import { splitNames } from "../name-list.ts";
import { tryParseDuration } from "../output/time.ts";
import { type EnvironmentOptions, environmentFor, refuseTooLarge } from "../run/environment.ts";
import { findCommand, launch } from "../run/launch.ts";
import { namesBelow, readAll } from "../run/reading.ts";
import { ofPrefix, parseOnly, parseRefs, type Wanted, withoutClashes } from "../run/wanted.ts";
import type { Terminal } from "../terminal.ts";
import type { Connection } from "../vault/connect.ts";
import { patiently } from "../vault/patience.ts";

interface RunFlags extends ClientFlags, EnvironmentOptions {
  readonly only?: readonly string[];
  readonly prefix?: string;
  readonly refs?: string;
  readonly optional?: readonly string[];
  readonly as?: string;
  readonly purpose?: string;
  readonly wait?: string;
  readonly mask?: boolean;
}

/** Of our own failures: those of the command are its own. */
export const ownFailure = 125;
const maxRefsBytes = 1_048_576;

const examples = [
  "zsc run --only DATABASE_URL=db-url,db-password -- npm start",
  "zsc run --prefix billing/ --clean-env -- ./server --port 8080",
  "zsc run --refs app.refs --wait 60s --mask -- make test",
];

export function runCommand(terminal: Terminal): Command {
  const command = withClientFlags(new Command("run"))
    .description("start a command with secrets in its environment; nothing is written to a disk")
    .option(
      "--only <names>",
      "these secrets: NAME or VAR=NAME, with commas between (\\, is a comma of a name); may be given again",
      collect,
    )
    .option("--prefix <prefix>", "all secrets below it that may be read; at most 1,000")
    .option("--refs <file>", "VAR=zsc://NAME, a line each; the file holds no secret")
    .option("--optional <names>", "these may be missing; as --only", collect)
    .option("--keep-env", "a variable that is there already wins over the vault")
    .option("--clean-env", "pass on PATH, HOME, USER, LANG, LC_*, TERM and TZ only, and the secrets")
    .option("--allow-env <variable>", "set it although it changes how programs run", collect)
    .option("--as <zid>", "as whom; in a development vault, and with a token of the system")
    .option("--purpose <purpose>", "kept in the rows of the log; run unless given")
    .option("--wait <time>", "keep trying while the vault is away, for example 60s")
    .option("--mask", "replace values in what the command prints, where no terminal shows it: an aid, no promise")
    .argument("<command...>", "behind --, with its arguments")
    .passThroughOptions()
    .addHelpText("after", `\nExamples:\n${examples.map((example) => `  ${example}`).join("\n")}`);
  return command.action(async (args: readonly string[]) => {
    try {
      // The one signal that does not end this process by itself, since Node's inspector must not open on it.
      process.on("SIGUSR1", endBySigusr1);
      process.exitCode = await run(args, command.opts<RunFlags>(), terminal);
    } catch (error) {
      throw error instanceof CliFailure ? ofRun(error) : error;
    }
  });
}

function endBySigusr1(): void {
  process.exit(128 + constants.signals.SIGUSR1);
}

/** The exit codes of a client command would be taken for the command's own. */
function ofRun(error: CliFailure): CliFailure {
  const { kind, exitCode } = error;
  const isOfCommand = exitCode === 126 || exitCode === 127 || kind === "interrupted";
  return error.with({ exitCode: isOfCommand ? exitCode : ownFailure });
}

async function run(args: readonly string[], flags: RunFlags, terminal: Terminal): Promise<number> {
  const { as, purpose = "run", mask } = flags;
  const [command = ""] = args;
  const file = findCommand(command, process.env["PATH"] ?? "");
  const waitMs = waitIn(flags);
  const session = await openSession(flags, { role: "caller", command: "run", as, isSilent: true }, terminal);
  const { connection, token } = session;
  const onBehalfOf = onBehalfOfIn(as, session);
  const { secrets, plain } = await patiently(waitMs, () => wantedBy(flags, connection));
  const optional = new Set((flags.optional ?? []).flatMap(splitNames));
  const values = await patiently(waitMs, () =>
    readAll(connection, secrets, { purpose, onBehalfOf, own: process.env, optional, zid: as ?? token.zid }),
  );
  const given = new Map([...plain, ...values]);
  const environment = environmentFor(process.env, given, flags);
  refuseTooLarge(environment, args, given);
  process.off("SIGUSR1", endBySigusr1);
  return await launch({ file, command: args, environment, masked: mask === true ? values.values() : undefined });
}

async function wantedBy({ only, prefix, refs }: RunFlags, connection: Connection): Promise<Wanted> {
  if (only === undefined && prefix === undefined && refs === undefined) {
    throw usage("which secrets?", "--only NAME, --prefix PREFIX or --refs FILE");
  }
  if (prefix === "") {
    throw usage("--prefix must not be empty", "--prefix PREFIX, or --only NAME");
  }
  const ofRefs = refs === undefined ? undefined : parseRefs(readRefs(refs), refs);
  const below = prefix === undefined ? [] : ofPrefix(await namesBelow(connection, prefix), prefix);
  const secrets = [...parseOnly(only ?? []), ...below, ...(ofRefs?.secrets ?? [])];
  return withoutClashes({ secrets, plain: ofRefs?.plain ?? new Map() });
}

function readRefs(file: string): Buffer {
  return readFile(file, maxRefsBytes);
}

function waitIn({ wait }: RunFlags): number {
  const ms = wait === undefined ? 0 : tryParseDuration(wait);
  if (ms === undefined) {
    throw usage("--wait must be a time such as 60s", "--wait 60s");
  }
  return ms;
}
