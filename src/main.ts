import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bannerOf } from "./banner.ts";
import { errorCode, fieldsOfError, type Log, OperatorError, systemClock, VaultError } from "./base/index.ts";
import { type RunningVault, startVault } from "./compose.ts";
import {
  type Config,
  ensureDataDir,
  loadConfig,
  loadTls,
  type Mode,
  removeRunningFile,
  writeRunningFile,
} from "./config/index.ts";
import { createLog, type ProcessLog } from "./logging/index.ts";
import { endFaultyConnection } from "./transport/index.ts";

/** How long the last lines of the log may take before the process ends without them. */
const lastLinesMs = 1_000;
const adminTokenTtlMs = 30 * 86_400_000;
const developmentAdmin = "ZEQ-ADMIN";
const developmentOwner = "owner@localhost";

/** Loads the configuration, composes, listens, and stops on SIGTERM or SIGINT. Resolves once it listens. */
export async function serve(env: NodeJS.ProcessEnv, mode: Mode | undefined, version: string): Promise<void> {
  // Whatever the process makes is its owner's alone: database, keys, tokens.
  process.umask(0o077);
  const signals = takeSignals();
  const config = loadConfig(env, { mode });
  const readable = config.mode === "development" && process.stdout.isTTY === true;
  const log = createLog({ level: config.logLevel, readable });
  endOnBug(log);
  for (const { setting, message } of config.warnings) {
    log.warn({ setting }, message);
  }
  const vault = await startVault(config, log, {}, version).catch(async (error: unknown) => {
    await log.drain(lastLinesMs);
    throw error;
  });
  const address = shown(vault.address);
  if (config.mode === "development") {
    const tokenFile = await writeAdminToken(config);
    const ownerFile = await makeOwner(config, vault);
    const tls = config.tls !== undefined;
    const url = `${tls ? "https" : "http"}://${address}`;
    writeRunningFile(config.dataDir, { url, pid: process.pid, started: new Date().toISOString() });
    process.stdout.write(bannerOf({ address, tokenFile, ownerFile, tls, dataDir: config.dataDir }));
  }
  log.info({ address, database: config.database.kind }, "listening");
  signals.onHangUp(() => reloadTls(env, vault, log));
  signals.onStop(async (signal) => {
    log.info({ reason: signal }, "stopping");
    if (config.mode === "development") {
      removeRunningFile(config.dataDir, process.pid);
    }
    await vault.stop();
    log.info({}, "stopped");
    await log.drain(lastLinesMs);
  });
}

async function writeAdminToken(config: Config): Promise<string> {
  const { jwt, dataDir } = config;
  const { mintToken } = await import("./auth/index.ts");
  const token = await mintToken({
    ...jwt,
    secret: jwt.secret.bytes,
    zid: developmentAdmin,
    role: "admin",
    ttlMs: adminTokenTtlMs,
    clock: systemClock,
  });
  ensureDataDir(dataDir);
  const path = join(dataDir, "admin.jwt");
  try {
    writeFileSync(path, `${token}\n`, { mode: 0o600 });
  } catch (error) {
    throw new OperatorError(`${path} cannot be written (${errorCode(error) ?? "unknown"}). Check ZSC_DATA_DIR.`);
  }
  return path;
}

/** The first start makes an owner for the vault API, whose key lies in the data folder. */
async function makeOwner(config: Config, vault: RunningVault): Promise<string> {
  const path = join(config.dataDir, "owner.key");
  if (existsSync(path)) {
    return path;
  }
  const owner = { email: developmentOwner, role: "owner", zid: developmentAdmin, name: "Owner" } as const;
  const made = await vault.makeUser(owner).catch((error: unknown) => {
    // The file was removed: whose key it was is there still, and gets no other one by itself.
    if (error instanceof VaultError && error.code === "CONFLICT") {
      return undefined;
    }
    throw error instanceof VaultError ? new OperatorError(`The owner was not made: ${error.message}.`) : error;
  });
  if (made !== undefined) {
    try {
      writeFileSync(path, `${made.key.text()}\n`, { mode: 0o600 });
    } finally {
      made.key.wipe();
    }
  }
  return path;
}

/**
 * What is uncaught ends the process, unless it stems from one connection: then it ends that one. Node would print the error
 * whole, and errors of drivers carry statements and values with them.
 */
function endOnBug(log: ProcessLog): void {
  process.on("uncaughtException", (error) => {
    if (endFaultyConnection(error)) {
      log.error(fieldsOfError(error), "an unhandled error ended a connection");
      return;
    }
    log.error(fieldsOfError(error), "a bug ends the process");
    void log.drain(lastLinesMs).then(() => process.exit(1));
  });
}

/** Reads certificate and key again. One that is not usable changes nothing. */
function reloadTls(env: NodeJS.ProcessEnv, vault: RunningVault, log: Log): void {
  try {
    const tls = loadTls(env);
    if (tls === undefined) {
      log.info({ reason: "SIGHUP" }, "there is no certificate to read again");
      return;
    }
    vault.setTls(tls);
    log.info({ reason: "SIGHUP" }, "new connections get the certificate as it is now");
  } catch (error) {
    const reason = error instanceof OperatorError ? error.message : fieldsOfError(error).reason;
    log.warn({ setting: "ZSC_TLS_CERT_FILE", reason: reason ?? "" }, "the certificate stays as it was");
  }
}

interface Signals {
  onHangUp(act: () => void): void;
  onStop(stop: (signal: string) => Promise<void>): void;
}

/**
 * Decides at once what signals do, so that none of them ends a start half way: SIGHUP reads the certificate again,
 * SIGTERM and SIGINT stop the server. bin/zsc.mjs takes SIGUSR1, which opens Node's inspector, and SIGUSR2.
 */
function takeSignals(): Signals {
  let hangUp = () => {};
  process.on("SIGHUP", () => hangUp());
  return {
    onHangUp(act) {
      hangUp = act;
    },
    onStop: stopOnSignal,
  };
}

function stopOnSignal(stop: (signal: string) => Promise<void>): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    // A second signal is an operator who will not wait.
    if (stopping) {
      process.exit(1);
    }
    stopping = true;
    stop(signal).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

function shown({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
