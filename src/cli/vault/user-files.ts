import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { errorCode } from "../../base/index.ts";
import { CliFailure, cannotRead, usage } from "../failure.ts";
import { locked, requirePrivate, writeWhole } from "../private-files.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A vault that was given a name. */
interface Profile {
  readonly url: string;
  readonly caFile?: string;
}

/** `config.json`: which vaults the user knows. */
interface ClientConfig {
  readonly defaultProfile?: string;
  readonly profiles: Readonly<Record<string, Profile>>;
}

interface AdminSession {
  readonly token: string;
  readonly zid: string;
  readonly email?: string;
  /** ISO 8601: of the token, and of the session. */
  readonly expiresAt: string;
  readonly endsAt: string;
  readonly device?: string;
}

interface CallerSession {
  readonly token: string;
  readonly zid: string;
  readonly expiresAt: string;
}

/** Of one origin. */
interface Sessions {
  readonly admin?: AdminSession;
  readonly caller?: CallerSession;
}

/** `sessions.json`: tokens by the origin of their vault. */
interface SessionFile {
  readonly sessions: Readonly<Record<string, Sessions>>;
}

const version = 1;
const maxFileBytes = 1_048_576;

/** The files of a user (contract people.md, section 1). */
export interface UserFiles {
  readonly folder: string;
  readConfig(): ClientConfig;
  readSessions(): SessionFile;
  /** Reads, changes and writes under a lock. */
  changeConfig(change: (config: ClientConfig) => ClientConfig): Promise<void>;
  changeSessions(change: (file: SessionFile) => SessionFile): Promise<void>;
}

export function openUserFiles(env: Environment): UserFiles {
  const folder = join(env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "zsc");
  const configPath = join(folder, "config.json");
  const sessionsPath = join(folder, "sessions.json");
  const readConfig = (): ClientConfig => parseConfig(configPath, readVersioned(configPath));
  const readSessions = (): SessionFile => {
    requirePrivate(sessionsPath);
    return parseSessions(sessionsPath, readVersioned(sessionsPath));
  };
  return {
    folder,
    readConfig,
    readSessions,
    changeConfig: (change) =>
      locked(folder, () => writeWhole(configPath, textOf({ version, ...change(readConfig()) }))),
    changeSessions: (change) =>
      locked(folder, () => writeWhole(sessionsPath, textOf({ version, ...change(readSessions()) }))),
  };
}

function textOf(json: object): string {
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** The object of a file; undefined when there is none. A file that is broken, or of a newer version, is never written over. */
function readVersioned(path: string): Readonly<Record<string, unknown>> | undefined {
  let text: string;
  try {
    const stats = statSync(path);
    // A FIFO would be waited for.
    if (!stats.isFile() || stats.size > maxFileBytes) {
      throw broken(path);
    }
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return undefined;
    }
    throw error instanceof CliFailure ? error : cannotRead(path, errorCode(error));
  }
  const parsed = tryParse(text);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw broken(path);
  }
  const found = (parsed as Record<string, unknown>)["version"];
  if (found !== version) {
    throw usage(`${path} was written by another version of zsc`, "use that version, or move the file away");
  }
  return parsed as Record<string, unknown>;
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseConfig(path: string, json: Readonly<Record<string, unknown>> | undefined): ClientConfig {
  const { profiles = {}, defaultProfile } = json ?? {};
  const isWell =
    isObject(profiles) &&
    Object.values(profiles).every(
      (each) => isObject(each) && typeof each["url"] === "string" && isTextOrAbsent(each["caFile"]),
    ) &&
    isTextOrAbsent(defaultProfile);
  if (!isWell) {
    throw broken(path);
  }
  return {
    ...(typeof defaultProfile === "string" ? { defaultProfile } : {}),
    profiles: profiles as ClientConfig["profiles"],
  };
}

function parseSessions(path: string, json: Readonly<Record<string, unknown>> | undefined): SessionFile {
  const { sessions = {} } = json ?? {};
  const isSession = (each: unknown) =>
    each === undefined ||
    (isObject(each) && ["token", "zid", "expiresAt"].every((key) => typeof each[key] === "string"));
  const isWell =
    isObject(sessions) &&
    Object.values(sessions).every((each) => isObject(each) && isSession(each["admin"]) && isSession(each["caller"]));
  if (!isWell) {
    throw broken(path);
  }
  return { sessions: sessions as SessionFile["sessions"] };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

function broken(path: string): Error {
  return usage(`${path} is broken`, "mend it, or move it away");
}
