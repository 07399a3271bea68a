import type { Plaintext } from "../../base/index.ts";
import {
  type Config,
  ConfigError,
  type DatabaseConfig,
  loadConfig,
  loadDatabaseConfig,
  type Mode,
  type TlsConfig,
} from "../../config/index.ts";
import { hexSource, openKeyring } from "../../sealing/index.ts";
import type { Inspection } from "../../store/sql/index.ts";
import { tryParseCertificates } from "../vault/pem.ts";
import { checkEnd } from "./certificate.ts";
import { type Check, type Checking, fail, failOf, ok, type TimeText, warn } from "./check.ts";
import { checkNode } from "./node.ts";

interface Machine {
  readonly env: NodeJS.ProcessEnv;
  readonly mode: Mode | undefined;
  readonly timeText: TimeText;
}

const seeSettings = "docs/operations.md, Settings";

/** Whether a server can start here, beside a running one or without. */
export async function* checkVaultMachine(machine: Machine): AsyncGenerator<Check> {
  yield checkNode();
  const config = yield* checkSettings(machine);
  if (config?.tls !== undefined) {
    yield checkCertificate(config.tls, machine.timeText);
  }
  const database = config?.database ?? databaseOf(machine);
  const found = database === undefined ? undefined : yield* checkDatabase(database, config?.requireVault === true);
  if (found !== undefined && config !== undefined) {
    yield await checkKey(config.masterKey, found);
  }
}

/** Every problem of the settings is a check of its own. */
async function* checkSettings({ env, mode }: Machine): Checking<Config> {
  try {
    const config = loadConfig(env, { mode, makesKeys: false });
    const from = config.mode === "development" ? `, keys and data in ${config.dataDir}` : "";
    yield ok("settings", `${config.mode}${from}`);
    for (const { setting, message } of config.warnings) {
      yield warn("settings", `${setting}: ${message}`, seeSettings);
    }
    return config;
  } catch (error) {
    if (error instanceof ConfigError) {
      for (const problem of error.problems) {
        yield fail("settings", problem, seeSettings);
      }
    } else {
      yield failOf("settings", error, "zsc serve --dev");
    }
    return undefined;
  }
}

function checkCertificate({ cert }: TlsConfig, timeText: TimeText): Check {
  const chain = tryParseCertificates(cert);
  return chain === null
    ? fail("tls", "a certificate of ZSC_TLS_CERT_FILE is damaged", seeSettings)
    : checkEnd(chain, Date.now(), timeText);
}

/** Where the database is can be known although other settings are wrong, which have been told. */
function databaseOf({ env, mode }: Machine): DatabaseConfig | undefined {
  try {
    return loadDatabaseConfig(env, { mode }).database;
  } catch (error) {
    if (error instanceof ConfigError) {
      return undefined;
    }
    throw error;
  }
}

async function* checkDatabase(database: DatabaseConfig, requiresVault: boolean): Checking<Inspection> {
  // A driver takes a while to load: help must not wait for it.
  const { placeOf } = await import("../../compose.ts");
  const { inspectDatabase } = await import("../../inspection.ts");
  try {
    const found = await inspectDatabase(database);
    yield ok("database", `${placeOf(database)} can be read`);
    yield checkSchema(found, requiresVault);
    yield checkDurability(database, found);
    if (database.kind === "sqlite") {
      yield await checkDatabaseFiles(database.path);
    }
    return found;
  } catch (error) {
    yield failOf("database", error, "check ZSC_DATABASE_URL; zsc serve makes a vault where there is none");
    return undefined;
  }
}

function checkSchema({ version, newest }: Inspection, requiresVault: boolean): Check {
  if (version === 0 && requiresVault) {
    return fail(
      "schema",
      "there is no vault in it, and ZSC_REQUIRE_VAULT forbids to make one",
      "check ZSC_DATABASE_URL",
    );
  }
  if (version === 0) {
    return warn("schema", "there is no vault in it yet", "zsc serve makes it, if ZSC_DATABASE_URL is as it should be");
  }
  if (version > newest) {
    const detail = `version ${version}, and this program knows only up to ${newest}`;
    return fail("schema", detail, "take the program version that migrated it, or a newer one");
  }
  return version === newest
    ? ok("schema", `version ${version}, up to date`)
    : warn("schema", `version ${version} of ${newest}`, "make a backup: the next start brings it up to date");
}

function checkDurability({ kind }: DatabaseConfig, { durability: { durable, detail = "" } }: Inspection): Check {
  return durable
    ? ok("durability", kind === "sqlite" ? "a server syncs every commit" : "the database syncs every commit")
    : warn("durability", detail, "docs/operations.md, Databases");
}

async function checkDatabaseFiles(path: string): Promise<Check> {
  const { openFilesOf } = await import("../../opening.ts");
  const open = openFilesOf(path);
  return open.length === 0
    ? ok("files", "the database is open to no other user")
    : warn("files", "other users of this machine can open the database", `chmod 600 ${open.join(" ")}`);
}

async function checkKey(masterKey: Plaintext, { keyChecks }: Inspection): Promise<Check> {
  if (keyChecks.length === 0) {
    return warn("key", "the database has nothing to check the master key by", "the next start makes it");
  }
  const { opensChecks, wrongKey } = await import("../../opening.ts");
  return opensChecks(await openKeyring(hexSource(masterKey)), keyChecks)
    ? ok("key", "the master key opens this vault")
    : failOf("key", wrongKey(), "put the right key back");
}
