import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bannerOf } from "./banner.ts";
import { startVault } from "./compose.ts";
import type { Config, Mode } from "./config/config.ts";
import { type LoadOptions, loadConfig } from "./config/load.ts";
import { systemClock } from "./domain/clock.ts";
import { fieldsOfError, type Log } from "./domain/log.ts";
import { createLog } from "./logging/pino-log.ts";
import { endFaultyConnection } from "./transport/attribution.ts";

const adminTokenTtlMs = 30 * 86_400_000;
const developmentAdmin = "ZEQ-ADMIN";

/** Loads the configuration, composes, listens, and stops on SIGTERM or SIGINT. Resolves once it listens. */
export async function serve(env: NodeJS.ProcessEnv, mode: Mode | undefined): Promise<void> {
  // Whatever the process makes is its owner's alone: database, keys, tokens.
  process.umask(0o077);
  const options: LoadOptions = { mode };
  const config = loadConfig(env, options);
  const readable = config.mode === "development" && process.stdout.isTTY === true;
  const log = createLog({ level: config.logLevel, readable });
  endOnBug(log);
  for (const { setting, message } of config.warnings) {
    log.warn({ setting }, message);
  }
  const vault = await startVault(config, log);
  const address = shown(vault.address);
  if (config.mode === "development") {
    const tokenFile = await writeAdminToken(config);
    process.stdout.write(bannerOf({ address, tokenFile, tls: config.tls !== undefined, dataDir: config.dataDir }));
  }
  log.info({ address, database: config.database.kind }, "listening");
  stopOnSignal(async (signal) => {
    log.info({ reason: signal }, "stopping");
    await vault.stop();
    log.info({}, "stopped");
  });
}

async function writeAdminToken(config: Config): Promise<string> {
  const { jwt, dataDir } = config;
  const { mintToken } = await import("./auth/own-tokens.ts");
  const token = await mintToken({
    ...jwt,
    secret: jwt.secret.bytes,
    zid: developmentAdmin,
    role: "admin",
    ttlMs: adminTokenTtlMs,
    clock: systemClock,
  });
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, "admin.jwt");
  writeFileSync(path, `${token}\n`, { mode: 0o600 });
  return path;
}

/**
 * What is uncaught ends the process, unless it stems from one connection: then it ends that one. Node would print the error
 * whole, and errors of drivers carry statements and values with them.
 */
function endOnBug(log: Log): void {
  process.on("uncaughtException", (error) => {
    if (endFaultyConnection(error)) {
      log.error(fieldsOfError(error), "an unhandled error ended a connection");
      return;
    }
    log.error(fieldsOfError(error), "a bug ends the process");
    process.exit(1);
  });
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
