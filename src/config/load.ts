import { readCallers } from "./callers.ts";
import type { Config, DatabaseCommandConfig, Mode, TlsConfig, TokenCommandConfig } from "./config.ts";
import { ensureDevelopmentKey, readDevelopmentKey } from "./development-key.ts";
import { isLoopback } from "./listen.ts";
import { readPeople } from "./people.ts";
import { readRateLimits } from "./rate-limits.ts";
import {
  readBase,
  readCallMs,
  readDatabase,
  readJwt,
  readListen,
  readMasterKey,
  readRequireVault,
  readShutdownMs,
  requireSecrets,
} from "./sections.ts";
import { type ReadFile, readSettingFile } from "./setting-file.ts";
import { type Environment, Settings } from "./settings.ts";
import { readTls } from "./tls-files.ts";

interface LoadOptions {
  /** The mode from the command line; it must not contradict `ZSC_MODE`. Default: production. */
  readonly mode?: Mode | undefined;
  readonly readFile?: ReadFile;
  /** False: a key of development that does not exist is an OperatorError, and is not made. */
  readonly makesKeys?: boolean;
}

/**
 * Reads all settings of the server. In development, the keys come from the data folder, and are created there once all
 * other settings are valid.
 *
 * @throws ConfigError with every invalid setting at once; OperatorError when the data folder is unusable
 */
export function loadConfig(env: Environment, options: LoadOptions = {}): Config {
  const settings = new Settings(env, options.readFile ?? readSettingFile);
  const base = readBase(settings, env, options.mode);
  const listen = readListen(settings, base.mode);
  const masterKey = readMasterKey(settings);
  const jwt = readJwt(settings);
  const database = readDatabase(settings, base.dataDir);
  const tls = readTls(settings);
  const callers = readCallers(settings);
  const callMs = readCallMs(settings);
  const shutdownMs = readShutdownMs(settings);
  const requireVault = readRequireVault(settings);
  const rateLimits = readRateLimits(settings);
  const people = readPeople(settings);
  requireSecrets(settings, base.mode, ["ZSC_MASTER_KEY", "ZSC_JWT_SECRET", "ZSC_DATABASE_URL"]);
  const developmentKey = developmentKeyOf(options);
  if (base.mode === "production" && tls === undefined && !isLoopback(listen.host)) {
    settings.warn("ZSC_LISTEN", "values and tokens cross the network in the clear: set ZSC_TLS_CERT_FILE and its key");
  }
  return {
    ...base,
    warnings: settings.finish(),
    listen,
    masterKey: masterKey ?? developmentKey(base.dataDir, "master.key"),
    jwt: { ...jwt, secret: jwt.secret ?? developmentKey(base.dataDir, "jwt.secret") },
    database,
    tls,
    callers,
    callMs,
    shutdownMs,
    requireVault,
    ...rateLimits,
    ...people,
  };
}

/** Reads the settings for minting tokens, without the master key. Otherwise like `loadConfig`. */
export function loadTokenConfig(env: Environment, options: LoadOptions = {}): TokenCommandConfig {
  const settings = new Settings(env, options.readFile ?? readSettingFile);
  const base = readBase(settings, env, options.mode);
  const jwt = readJwt(settings);
  requireSecrets(settings, base.mode, ["ZSC_JWT_SECRET"]);
  const warnings = settings.finish();
  const secret = jwt.secret ?? developmentKeyOf(options)(base.dataDir, "jwt.secret");
  return { ...base, warnings, jwt: { ...jwt, secret } };
}

function developmentKeyOf({ makesKeys = true }: LoadOptions): typeof readDevelopmentKey {
  return makesKeys ? ensureDevelopmentKey : readDevelopmentKey;
}

/** Reads the location of the database, and no keys. Otherwise like `loadConfig`. */
export function loadDatabaseConfig(env: Environment, options: LoadOptions = {}): DatabaseCommandConfig {
  const settings = new Settings(env, options.readFile ?? readSettingFile);
  const base = readBase(settings, env, options.mode);
  const database = readDatabase(settings, base.dataDir);
  requireSecrets(settings, base.mode, ["ZSC_DATABASE_URL"]);
  return { ...base, warnings: settings.finish(), database };
}

/**
 * Reloads the server's certificate and key; undefined when TLS is not configured.
 *
 * @throws ConfigError
 */
export function loadTls(env: Environment): TlsConfig | undefined {
  const settings = new Settings(env, readSettingFile);
  const tls = readTls(settings);
  settings.finish();
  return tls;
}
