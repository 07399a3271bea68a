import { isatty } from "node:tty";
import { Command } from "commander";
import type { ClientFlags } from "../client-command.ts";
import { connected, tellVault, userFiles, warnOfUnknown } from "../client-command.ts";
import { usage } from "../failure.ts";
import { readWhole } from "../input.ts";
import { printJson } from "../output/print.ts";
import { isoTime } from "../output/time.ts";
import { visible } from "../output/visible.ts";
import { openQuestions } from "../questions.ts";
import type { Terminal } from "../terminal.ts";
import { proveToken } from "../vault/proof.ts";
import { type ChosenToken, describe, requireTokenText } from "../vault/token.ts";
import { parseVaultUrl } from "../vault/url.ts";
import type { UserFiles } from "../vault/user-files.ts";

/** Of those of all clients: the vault is an argument, and the token is not chosen. */
type OwnFlag = "caFile" | "allowHttp" | "timeout" | "json" | "quiet" | "verbose";

interface LoginFlags extends Pick<ClientFlags, OwnFlag> {
  readonly tokenStdin?: boolean;
  readonly profile?: string;
}

const maxInputBytes = 1_048_576;

/** Until a vault knows sign-in, what is kept is a token that exists already. */
export function loginCommand(terminal: Terminal): Command {
  return new Command("login")
    .description("keep a token for a vault, and give the vault a name")
    .argument("<url>", "the vault, as an origin: https://vault.example")
    .option("--token-stdin", "the token is on standard input; on a terminal it is asked for, and not shown")
    .option("--profile <name>", "the name; by default the host's")
    .option("--ca-file <file>", "PEM; replaces the system's authorities, and is kept with the name")
    .option("--allow-http", "let tokens and values cross the network in the clear")
    .option("--timeout <time>", "of the call that proves the token, for example 10s")
    .option("--json", "print one JSON document")
    .option("--quiet", "say neither which vault it is, nor what was done beside the result")
    .option("--verbose", "tell the call: method, status, request id, time")
    .option("--no-color", "no colours")
    .addHelpText(
      "after",
      `
Signing in by password or provider comes with a later version: until then a token is made on the vault's machine.

Examples:
  zsc token --role admin --zid ZEQ-ALICE --ttl 12h | ssh laptop zsc login https://vault.example --token-stdin
  zsc login https://vault.example --token-stdin --profile work < token.jwt`,
    )
    .action(async (given: string, flags: LoginFlags) => {
      warnOfUnknown(terminal);
      const url = parseVaultUrl(given, { allowHttp: flags.allowHttp === true });
      if (flags.tokenStdin !== true) {
        const next = `zsc token --role admin --zid ZID, on the vault's machine, then: zsc login ${url} --token-stdin`;
        throw usage("this version keeps an existing token, and does not sign in by itself", next);
      }
      const { caFile } = flags;
      const vault = { url, source: "flag", ...(caFile === undefined ? {} : { caFile }) } as const;
      tellVault(terminal, flags, vault);
      const token = describe(await readToken(terminal), "flag");
      const connection = connected(vault, token, flags, terminal);
      await proveToken(connection, token, "login").finally(() => connection.close());
      const files = userFiles();
      const profile = await keep(files, { url, token, flags });
      const { zid = "", role = "caller", expiresAtMs } = token;
      const expiresAt = expiresAtMs === undefined ? null : isoTime(expiresAtMs);
      if (flags.json === true) {
        printJson(terminal, { url, profile, zid, role, email: null, expiresAt, endsAt: expiresAt });
        return;
      }
      const until = expiresAtMs === undefined ? "" : `, good until ${isoTime(expiresAtMs)}`;
      terminal.out(`${visible(profile)}: ${url} as ${visible(zid)} (${role})${until}`);
    });
}

async function readToken(terminal: Terminal): Promise<string> {
  const { stdin } = terminal;
  if (stdin !== undefined && !isatty(stdin)) {
    return requireTokenText(readWhole(stdin, "standard input", maxInputBytes).toString("utf8"), "standard input");
  }
  return requireTokenText(
    await openQuestions(terminal).secret("token: ", "the token on standard input"),
    "what was typed",
  );
}

interface Kept {
  readonly url: string;
  readonly token: ChosenToken;
  readonly flags: LoginFlags;
}

/** Keeps session and profile; answers the profile's name. The first one is the default. */
async function keep(files: UserFiles, { url, token, flags }: Kept): Promise<string> {
  const { zid = "", role, expiresAtMs, text } = token;
  const expiresAt = expiresAtMs === undefined ? "9999-12-31T23:59:59.000Z" : isoTime(expiresAtMs);
  const session = role === "admin" ? { admin: { token: text, zid, expiresAt, endsAt: expiresAt } } : undefined;
  await files.changeSessions(({ sessions }) => ({
    sessions: { ...sessions, [url]: { ...sessions[url], ...(session ?? { caller: { token: text, zid, expiresAt } }) } },
  }));
  const { profiles } = files.readConfig();
  const known = Object.entries(profiles).find(([, profile]) => profile.url === url)?.[0];
  const profile = flags.profile ?? known ?? new URL(url).hostname;
  const { caFile } = flags;
  await files.changeConfig((config) => ({
    defaultProfile: config.defaultProfile ?? profile,
    profiles: { ...config.profiles, [profile]: { url, ...(caFile === undefined ? {} : { caFile }) } },
  }));
  return profile;
}
