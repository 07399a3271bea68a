import { systemClock, type TokenRole } from "../../base/index.ts";
import { loadTokenConfig } from "../../config/index.ts";
import { CliFailure, usage } from "../failure.ts";
import { readFile } from "../input.ts";
import type { ChosenVault, VaultFlags } from "./choose.ts";
import { type DevelopmentVault, findDevelopmentVault } from "./development-folder.ts";
import type { UserFiles } from "./user-files.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The token that a command sends. */
export interface ChosenToken {
  readonly text: string;
  /** As the token says itself, unverified; undefined for a token that is none of ours. */
  readonly role: string | undefined;
  readonly zid: string | undefined;
  /** Unix milliseconds. */
  readonly expiresAtMs: number | undefined;
  readonly source: "flag" | "env" | "dev" | "session";
  /** The token for the next call, where this one may end before the command does. */
  renew?(): Promise<string>;
}

interface Wanted {
  readonly role: "admin" | "caller";
  /** For the sentence that refuses a token of another role. */
  readonly command: string;
  /** As whom a development vault is read. */
  readonly as?: string | undefined;
}

/** Where a token may come from. */
interface TokenSources {
  readonly flags: VaultFlags;
  readonly env: Environment;
  readonly files: UserFiles;
}

const developmentAdmin = "ZEQ-ADMIN";
const developmentCaller = "ZEQ-DEV";
const developmentTtlMs = 60_000;
const maxTokenBytes = 16_384;
const maxTokenFileBytes = 1_048_576;

/**
 * The token, by the first that applies: a flag, the environment, one made for the development vault, the session of that very
 * origin (contract people.md, section 1).
 *
 * @throws CliFailure when there is none, or it is of another role
 */
export async function chooseToken(vault: ChosenVault, wanted: Wanted, from: TokenSources): Promise<ChosenToken> {
  const given = tryReadGiven(vault, from);
  if (given !== undefined) {
    return requireRole(given, wanted);
  }
  const { env, files } = from;
  if (vault.development !== undefined) {
    return await mintedFor(vault.development, wanted, env);
  }
  const sessions = files.readSessions().sessions;
  const own = Object.hasOwn(sessions, vault.url) ? sessions[vault.url] : undefined;
  const session = wanted.role === "admin" ? own?.admin : own?.caller;
  if (session === undefined) {
    const other = own?.admin ?? own?.caller;
    if (other !== undefined) {
      throw wrongRole(wanted.role === "admin" ? "caller" : "admin", wanted);
    }
    throw new CliFailure("unauthenticated", `not signed in to ${vault.url}`, { next: `zsc login ${vault.url}` });
  }
  const token = describe(session.token, "session");
  if (Date.parse(session.expiresAt) <= Date.now()) {
    throw new CliFailure("unauthenticated", `the session at ${vault.url} has ended`, {
      next: `zsc login ${vault.url}`,
    });
  }
  return requireRole(token, wanted);
}

/** A token of either role: an admin's when there is one. @throws CliFailure */
export async function chooseAnyToken(vault: ChosenVault, command: string, from: TokenSources): Promise<ChosenToken> {
  const given = tryReadGiven(vault, from);
  if (given !== undefined) {
    return given;
  }
  try {
    return await chooseToken(vault, { role: "admin", command }, from);
  } catch (error) {
    if (error instanceof CliFailure && error.kind === "forbidden") {
      return await chooseToken(vault, { role: "caller", command }, from);
    }
    throw error;
  }
}

/** @throws CliFailure for a token that says of itself that its time is over */
export function requireCurrent({ expiresAtMs }: ChosenToken, url: string): void {
  if (expiresAtMs !== undefined && expiresAtMs <= Date.now()) {
    const next = `zsc login ${url} --token-stdin`;
    throw new CliFailure("unauthenticated", `the token for ${url} has expired`, { next });
  }
}

/** @throws CliFailure for a token that says nothing of itself: no vault takes such a one */
export function requireClaims({ zid, role, expiresAtMs }: ChosenToken): void {
  if (zid === undefined && role === undefined && expiresAtMs === undefined) {
    const next = "the token alone, as zsc token prints it";
    throw new CliFailure("unauthenticated", "the token is none that a vault takes: it has no claims", { next });
  }
}

/** What a token says of itself; nothing of it is verified. */
export function describe(text: string, source: ChosenToken["source"]): ChosenToken {
  const claims = claimsOf(text);
  const { role, sub, exp } = claims ?? {};
  return {
    ...{ text, source },
    role: typeof role === "string" ? role : undefined,
    zid: typeof sub === "string" ? sub : undefined,
    expiresAtMs: typeof exp === "number" ? exp * 1_000 : undefined,
  };
}

/** The token of a flag or of the environment. A file may be a pipe, which can be read once: not again for another role. */
function tryReadGiven(vault: ChosenVault, { flags, env }: TokenSources): ChosenToken | undefined {
  if (flags.tokenFile !== undefined) {
    return describe(readTokenFile(flags.tokenFile), "flag");
  }
  const text = tokenIn(env);
  if (text === undefined) {
    return undefined;
  }
  if (vault.source === "dev" || vault.source === "profile") {
    const sentence = "a token of the environment is not sent to a vault that a folder or a profile chose";
    throw usage(sentence, "say which vault it is for: --url or ZSC_URL");
  }
  return describe(text, "env");
}

/** The text of a file, without one final line break. */
function readTokenFile(path: string): string {
  return requireTokenText(readFile(path, maxTokenFileBytes).toString("utf8"), `the token file ${path}`);
}

/** @param from where it came from, for the sentence that refuses it */
export function requireTokenText(given: string, from: string): string {
  const text = given.replace(/\r?\n$/, "");
  if (!/^[\w.~+/-]+=*$/.test(text) || text.length > maxTokenBytes) {
    throw usage(`${from} holds no token`, "the token alone, as zsc token prints it");
  }
  return text;
}

function tokenIn(env: Environment): string | undefined {
  const { ZSC_TOKEN: text, ZSC_TOKEN_FILE: file } = env;
  if (text !== undefined && file !== undefined) {
    throw usage("ZSC_TOKEN and ZSC_TOKEN_FILE exclude each other", "unset one of them");
  }
  if (text !== undefined) {
    return requireTokenText(text, "ZSC_TOKEN");
  }
  return file === undefined ? undefined : readTokenFile(file);
}

/** Made anew while a long command runs. */
async function mintedFor({ folder, url }: DevelopmentVault, wanted: Wanted, env: Environment): Promise<ChosenToken> {
  const first = await mintFor(folder, wanted, env);
  let current = { text: first, renewAtMs: performance.now() + developmentTtlMs / 2 };
  return {
    ...describe(first, "dev"),
    async renew() {
      if (performance.now() > current.renewAtMs) {
        // Another process may listen on the port of a server that has ended.
        if (findDevelopmentVault(folder)?.url !== url) {
          throw usage(`the development vault of ${folder} was started anew meanwhile`, "the same command again");
        }
        const renewAtMs = performance.now() + developmentTtlMs / 2;
        current = { text: await mintFor(folder, wanted, env), renewAtMs };
      }
      return current.text;
    },
  };
}

/** Good for a minute. */
async function mintFor(folder: string, { role, as }: Wanted, env: Environment): Promise<string> {
  const { ZSC_JWT_ISSUER, ZSC_JWT_AUDIENCE } = env;
  const { jwt } = loadTokenConfig(
    {
      ...{ ZSC_DATA_DIR: folder, ZSC_MODE: "development" },
      ...(ZSC_JWT_ISSUER === undefined ? {} : { ZSC_JWT_ISSUER }),
      ...(ZSC_JWT_AUDIENCE === undefined ? {} : { ZSC_JWT_AUDIENCE }),
    },
    // The server has made it: a command that made another one would have tokens that nobody knows.
    { mode: "development", makesKeys: false },
  );
  const { mintToken } = await import("../../auth/index.ts");
  const zid = role === "admin" ? developmentAdmin : (as ?? developmentCaller);
  const minted: TokenRole = role;
  try {
    return await mintToken({
      ...jwt,
      secret: jwt.secret.bytes,
      zid,
      role: minted,
      ttlMs: developmentTtlMs,
      clock: systemClock,
    });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error), "--as ZID, such as ZEQ-APP");
  }
}

/** Told before anything is sent. A token that says nothing of its role is the server's to judge. */
function requireRole(token: ChosenToken, wanted: Wanted): ChosenToken {
  const { role } = token;
  const isKnown = role === "admin" || role === "caller" || role === "system";
  const fits = wanted.role === "admin" ? role === "admin" : role === "caller" || role === "system";
  if (isKnown && !fits) {
    throw wrongRole(role, wanted);
  }
  return token;
}

function wrongRole(role: string, { command, role: wanted }: Wanted): CliFailure {
  const owner = role === "admin" ? "an admin's" : `a ${role}'s`;
  const sentence = `this token is ${owner}; ${command} needs ${wanted === "admin" ? "an admin's" : "a caller's"}`;
  return new CliFailure("forbidden", sentence, { next: "zsc whoami" });
}

function claimsOf(token: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const [, payload = ""] = token.split(".");
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
