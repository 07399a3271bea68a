import { readFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode, systemClock, type TokenRole } from "../../base/index.ts";
import { loadTokenConfig } from "../../config/index.ts";
import { CliFailure, usage } from "../failure.ts";
import type { ChosenVault, VaultFlags } from "./choose.ts";
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
}

interface Wanted {
  readonly role: "admin" | "caller";
  /** For the sentence that refuses a token of another role. */
  readonly command: string;
  /** As whom a development vault is read. */
  readonly as?: string | undefined;
}

const developmentAdmin = "ZEQ-ADMIN";
const developmentCaller = "ZEQ-DEV";
const developmentTtlMs = 60_000;
const maxTokenBytes = 16_384;

/**
 * The token, by the first that applies: a flag, the environment, one made for the development vault, the session of that very
 * origin (contract people.md, section 1).
 *
 * @throws CliFailure when there is none, or it is of another role
 */
export async function chooseToken(
  vault: ChosenVault,
  wanted: Wanted,
  { flags, env, files }: { readonly flags: VaultFlags; readonly env: Environment; readonly files: UserFiles },
): Promise<ChosenToken> {
  if (flags.tokenFile !== undefined) {
    return requireRole(describe(readTokenFile(flags.tokenFile), "flag"), wanted);
  }
  const fromEnvironment = tokenIn(env);
  if (fromEnvironment !== undefined) {
    if (vault.source === "dev" || vault.source === "profile") {
      const sentence = "a token of the environment is not sent to a vault that a folder or a profile chose";
      throw usage(sentence, "say which vault it is for: --url or ZSC_URL");
    }
    return requireRole(describe(fromEnvironment, "env"), wanted);
  }
  if (vault.development !== undefined) {
    return describe(await mintFor(vault.development.folder, wanted, env), "dev");
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

/** An admin's token when there is one, else a caller's. Throws as `chooseToken`. */
export async function chooseAnyToken(
  vault: ChosenVault,
  flags: VaultFlags,
  { command, ...from }: { readonly env: Environment; readonly files: UserFiles; readonly command: string },
): Promise<ChosenToken> {
  try {
    return await chooseToken(vault, { role: "admin", command }, { flags, ...from });
  } catch (error) {
    if (error instanceof CliFailure && error.kind === "forbidden") {
      return await chooseToken(vault, { role: "caller", command }, { flags, ...from });
    }
    throw error;
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

/** The text of a file, without one final line break. */
function readTokenFile(path: string): string {
  try {
    const text = readFileSync(path, "utf8");
    return requireTokenText(text, path);
  } catch (error) {
    if (error instanceof CliFailure) {
      throw error;
    }
    throw usage(`the token file ${path} cannot be read (${errorCode(error) ?? "unknown"})`);
  }
}

/** @param from where it came from, for the sentence that refuses it */
export function requireTokenText(given: string, from: string): string {
  const text = given.replace(/\r?\n$/, "");
  if (!/^[\w.~+/-]+=*$/.test(text) || text.length > maxTokenBytes) {
    throw usage(`${from} holds no token`);
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

/** Good for a minute: for one command. */
async function mintFor(folder: string, { role, as }: Wanted, env: Environment): Promise<string> {
  const { ZSC_JWT_ISSUER, ZSC_JWT_AUDIENCE } = env;
  const { jwt } = loadTokenConfig(
    {
      ...{ ZSC_DATA_DIR: folder, ZSC_MODE: "development" },
      ...(ZSC_JWT_ISSUER === undefined ? {} : { ZSC_JWT_ISSUER }),
      ...(ZSC_JWT_AUDIENCE === undefined ? {} : { ZSC_JWT_AUDIENCE }),
    },
    { mode: "development" },
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
    throw usage(error instanceof Error ? error.message : String(error), join(folder, "jwt.secret"));
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
