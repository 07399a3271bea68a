import { join } from "node:path";
import { Plaintext } from "../base/index.ts";
import type { BaseConfig, DatabaseConfig, JwtConfig, ListenAddress, LogLevel, Mode } from "./config.ts";
import { SettingProblem } from "./config-error.ts";
import { parseDatabaseUrl } from "./database-url.ts";
import { isLoopback, parseListen } from "./listen.ts";
import { foreignNames, type SecretSetting } from "./setting-names.ts";
import { checkNotRepeated } from "./setting-text.ts";
import type { Environment, Settings } from "./settings.ts";

const minJwtSecretBytes = 32;
const maxSeconds = 3_600;

const modes: Readonly<Record<Mode, true>> = { development: true, production: true };
const switches: Readonly<Record<"0" | "1", true>> = { 0: true, 1: true };
const logLevels: Readonly<Record<LogLevel, true>> = {
  trace: true,
  debug: true,
  info: true,
  warn: true,
  error: true,
  fatal: true,
  silent: true,
};

export function readBase(
  settings: Settings,
  env: Environment,
  askedMode: Mode | undefined,
): Omit<BaseConfig, "warnings"> {
  const { problems, serviceLinks } = foreignNames(env);
  for (const sentence of problems) {
    settings.problem(sentence);
  }
  const [link] = serviceLinks;
  if (link !== undefined) {
    settings.warn(
      link,
      `service links of Kubernetes are ignored (${serviceLinks.length}): enableServiceLinks: false in the pod keeps them out`,
    );
  }
  const mode = settings.parsed("ZSC_MODE", oneOf(modes), askedMode ?? "production");
  if (askedMode !== undefined && mode !== askedMode) {
    settings.problem(`ZSC_MODE contradicts the command line, which asks for ${askedMode}: take one of them away`);
  }
  return {
    mode,
    dataDir: settings.text("ZSC_DATA_DIR") ?? ".zsc",
    logLevel: settings.parsed("ZSC_LOG_LEVEL", oneOf(logLevels), "info"),
  };
}

export function readListen(settings: Settings, mode: Mode): ListenAddress {
  const listen = settings.parsed("ZSC_LISTEN", parseListen, { host: "127.0.0.1", port: 7_777 });
  if (mode === "development" && !isLoopback(listen.host)) {
    settings.problem("ZSC_LISTEN must be a loopback address in development: use 127.0.0.1, or production mode");
  }
  return listen;
}

/** 64 hex digits. */
export function readMasterKey(settings: Settings): Plaintext | undefined {
  return settings.secret("ZSC_MASTER_KEY", (text) => {
    if (!/^[0-9a-fA-F]{64}$/.test(text)) {
      throw new SettingProblem("must be exactly 64 hex digits (openssl rand -hex 32)");
    }
    checkNotRepeated(text.toLowerCase());
    return Plaintext.fromString(text);
  });
}

export function readJwt(settings: Settings): Omit<JwtConfig, "secret"> & { readonly secret: Plaintext | undefined } {
  const secret = settings.secret("ZSC_JWT_SECRET", (text) => {
    if (Buffer.byteLength(text, "utf8") < minJwtSecretBytes) {
      throw new SettingProblem(`must be at least ${minJwtSecretBytes} bytes long (openssl rand -base64 48)`);
    }
    return Plaintext.fromString(checkNotRepeated(text));
  });
  return {
    secret,
    issuer: settings.text("ZSC_JWT_ISSUER") ?? "zsc",
    audience: settings.text("ZSC_JWT_AUDIENCE") ?? "zsc",
  };
}

/** Default: a SQLite file in the data folder. */
export function readDatabase(settings: Settings, dataDir: string): DatabaseConfig {
  const database = settings.secret("ZSC_DATABASE_URL", (text) =>
    parseDatabaseUrl(text, (path) => settings.fileAt(path)),
  );
  return database ?? { kind: "sqlite", path: join(dataDir, "zsc.db") };
}

export function readShutdownMs(settings: Settings): number {
  return settings.parsed("ZSC_SHUTDOWN_SECONDS", secondsFrom(0), 10) * 1_000;
}

/** The deadline of a JSON call. */
export function readCallMs(settings: Settings): number {
  return settings.parsed("ZSC_CALL_SECONDS", secondsFrom(1), 20) * 1_000;
}

export function readRequireVault(settings: Settings): boolean {
  return settings.parsed("ZSC_REQUIRE_VAULT", oneOf(switches), "0") === "1";
}

function secondsFrom(least: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,4}$/.test(text) && Number(text) >= least && Number(text) <= maxSeconds) {
      return Number(text);
    }
    throw new SettingProblem(`must be a whole number of seconds, ${least} to ${maxSeconds}`);
  };
}

/**
 * Production generates no secrets, so all must be set. Development accepts none, so that it never runs on production
 * secrets. Reports all missing or all unexpected settings as one problem.
 */
export function requireSecrets(settings: Settings, mode: Mode, names: readonly SecretSetting[]): void {
  const given = names.filter((name) => settings.isSet(name));
  if (mode === "development") {
    if (given.length === 0) {
      return;
    }
    settings.problem(
      `${given.join(", ")} must not be set in development, which keeps keys and data of its own in ZSC_DATA_DIR: ` +
        "unset, or leave development mode",
    );
    return;
  }
  const missing = names.filter((name) => !given.includes(name));
  if (missing.length === 0) {
    return;
  }
  const subject = missing.length === 1 ? "must be set in production, itself" : "must be set in production, each itself";
  settings.problem(`${missing.join(", ")} ${subject} or as _FILE; only development mode does without`);
}

function oneOf<T extends string>(values: Readonly<Record<T, true>>): (text: string) => T {
  const isOne = (text: string): text is T => Object.hasOwn(values, text);
  return (text) => {
    if (isOne(text)) {
      return text;
    }
    throw new SettingProblem(`must be one of ${Object.keys(values).join(", ")}`);
  };
}
