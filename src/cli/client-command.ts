import { type Command, Option } from "commander";
import { foreignClientNames } from "../config/index.ts";
import { exclusive } from "./contradictions.ts";
import { usage } from "./failure.ts";
import { tryParseDuration } from "./output/time.ts";
import { visible } from "./output/visible.ts";
import type { Terminal } from "./terminal.ts";
import { type ChosenVault, chooseVault, type VaultFlags } from "./vault/choose.ts";
import { type Connection, connectTo } from "./vault/connect.ts";
import { type ChosenToken, chooseAnyToken, chooseToken } from "./vault/token.ts";
import { openUserFiles, type UserFiles } from "./vault/user-files.ts";

/** The flags of every client command (contract people.md, section 2). */
export interface ClientFlags extends VaultFlags {
  readonly timeout?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** What a client command works with. */
export interface Session {
  readonly vault: ChosenVault;
  readonly token: ChosenToken;
  readonly connection: Connection;
}

export interface Wanted {
  readonly role: "admin" | "caller";
  /** As people type it, without `zsc`. */
  readonly command: string;
  readonly as?: string | undefined;
  /** Whether it says first which vault it speaks to. */
  readonly isSilent?: boolean;
}

/** Adds the flags that say which vault, as whom, and how to print. */
export function withClientFlags(command: Command): Command {
  return exclusive(command, "--url", "--profile", "--dev")
    .option("--url <url>", "the vault, as an origin: https://vault.example")
    .option("--profile <name>", "the vault by the name that zsc login gave it")
    .addOption(new Option("--dev", "the development vault of this folder, and no other"))
    .addOption(new Option("--no-dev", "leave the development vault of this folder aside"))
    .option("--token-file <file>", "the token, read anew for each command")
    .option("--ca-file <file>", "PEM; replaces the system's authorities")
    .option("--allow-http", "let tokens and values cross the network in the clear")
    .option("--timeout <time>", "of a call, for example 10s")
    .option("--json", "print one JSON document")
    .option("--quiet", "say neither which vault it is, nor what was done beside the result")
    .option("--verbose", "tell each call: method, status, request id, time")
    .option("--no-color", "no colours");
}

/** Which vault, as whom, and a connection that is opened by the first call. */
export async function openSession(flags: ClientFlags, wanted: Wanted, terminal: Terminal): Promise<Session> {
  const { env } = process;
  warnOfUnknown(terminal);
  const files = openUserFiles(env);
  const vault = chooseVault(flags, env, files);
  const token = await chooseToken(vault, wanted, { flags, env, files });
  if (wanted.isSilent !== true) {
    tellVault(terminal, flags, vault, token);
  }
  return { vault, token, connection: connected(vault, token, flags, terminal) };
}

/** Who reads values, beside an admin who knows their names. */
export interface Reader {
  readonly connection: Connection;
  /** Whose grants count, where that is known. */
  readonly zid: string | undefined;
  readonly onBehalfOf: string | undefined;
}

interface ReaderFlags extends ClientFlags {
  readonly readerTokenFile?: string;
  readonly as?: string;
}

/** A second session with the vault, by a caller's token: of the flag, of ZSC_READER_TOKEN_FILE, or as for `read`. */
export async function openReader(
  flags: ReaderFlags,
  command: string,
  { vault, terminal }: { readonly vault: ChosenVault; readonly terminal: Terminal },
): Promise<Reader> {
  const { readerTokenFile, as, tokenFile: _admins, ...others } = flags;
  const { ZSC_READER_TOKEN_FILE: file, ZSC_JWT_ISSUER, ZSC_JWT_AUDIENCE } = process.env;
  const token = await chooseToken(
    vault,
    { role: "caller", command: `${command}, to read,`, as },
    {
      flags: readerTokenFile === undefined ? others : { ...others, tokenFile: readerTokenFile },
      env: { ZSC_TOKEN_FILE: file, ZSC_JWT_ISSUER, ZSC_JWT_AUDIENCE },
      files: openUserFiles(process.env),
    },
  );
  const onBehalfOf = onBehalfOfIn(as, { vault, token });
  return {
    connection: connected(vault, token, flags, terminal),
    zid: as ?? token.zid,
    onBehalfOf,
  };
}

/** The ZID that a call names beside its token; undefined where the token is of that ZID itself. @throws CliFailure */
export function onBehalfOfIn(
  as: string | undefined,
  { vault, token }: Pick<Session, "vault" | "token">,
): string | undefined {
  const isOthers = as !== undefined && vault.development === undefined;
  if (isOthers && token.role !== "system") {
    throw usage("--as needs a token of the system, or a development vault", "--token-file FILE with such a token");
  }
  return isOthers ? as : undefined;
}

/** A connection as flags and environment want it. */
export function connected(
  vault: ChosenVault,
  token: ChosenToken,
  flags: Pick<ClientFlags, "timeout" | "verbose">,
  terminal: Terminal,
): Connection {
  const timeoutMs = timeoutIn(flags, process.env);
  const { signal } = terminal;
  return connectTo(vault, token.renew ?? token.text, {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(signal === undefined ? {} : { signal }),
    ...(flags.verbose === true ? { onCall: (line: string) => terminal.note(line) } : {}),
  });
}

export function userFiles(): UserFiles {
  return openUserFiles(process.env);
}

const told = new Set<string>();

/** Each once in a process, however many commands a shell runs in it. */
export function warnOfUnknown(terminal: Terminal): void {
  for (const problem of foreignClientNames(process.env)) {
    if (!told.has(problem)) {
      told.add(problem);
      terminal.remark(`zsc: ${problem}`);
    }
  }
}

/** Which vault commands will speak to. @throws CliFailure when none is chosen */
export function vaultOf(flags: ClientFlags): ChosenVault {
  return chooseVault(flags, process.env, userFiles());
}

/** Says which vault it is, and as whom. @throws CliFailure without a token */
export async function tellPlace(vault: ChosenVault, flags: ClientFlags, terminal: Terminal): Promise<void> {
  const files = userFiles();
  const token = await chooseAnyToken(vault, "pulse", { flags, env: process.env, files });
  tellVault(terminal, flags, vault, token);
}

/** Says which vault it is, and as whom, where that is known. */
export function tellVault(
  terminal: Terminal,
  { quiet }: Pick<ClientFlags, "quiet">,
  vault: ChosenVault,
  token?: ChosenToken,
): void {
  if (quiet !== true) {
    terminal.aside(visible(placeLine(vault, token)));
  }
}

/** `vault https://vault.example as ZEQ-ALICE (admin)`. */
function placeLine({ url, development }: ChosenVault, { zid, role }: Partial<ChosenToken> = {}): string {
  const who = zid === undefined ? "" : ` as ${zid}`;
  return development === undefined
    ? `vault ${url}${who}${role === undefined ? "" : ` (${role})`}`
    : `development vault ${development.folder}${who}`;
}

export function timeoutIn({ timeout }: Pick<ClientFlags, "timeout">, env: NodeJS.ProcessEnv): number | undefined {
  const text = timeout ?? env["ZSC_TIMEOUT"];
  const ms = text === undefined ? undefined : tryParseDuration(text);
  if (text !== undefined && ms === undefined) {
    throw usage(`${timeout === undefined ? "ZSC_TIMEOUT" : "--timeout"} must be a time such as 10s`, "--timeout 10s");
  }
  return ms;
}
