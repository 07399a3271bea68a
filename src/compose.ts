import { setTimeout as sleep } from "node:timers/promises";
import { emit_null } from "#gen/zsc/v1/rules_pb.js";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { type Authenticator, createAuthenticator } from "./auth/authenticator.ts";
import type { Config, DatabaseConfig, ListenAddress } from "./config/config.ts";
import { systemClock } from "./domain/clock.ts";
import { errorCode } from "./domain/error-code.ts";
import { fieldsOfError, type Log } from "./domain/log.ts";
import { OperatorError } from "./domain/operator-error.ts";
import { createMetadataReader } from "./ledger/metadata-reader.ts";
import { createReadiness } from "./ledger/readiness.ts";
import { createSequencer, type Sequencer, type SequencerOptions } from "./ledger/sequencer.ts";
import { type Snapshot, type Store, StoreFailure } from "./ledger/store.ts";
import { startRotation } from "./rotation/daemon.ts";
import { createAdminHandlers } from "./rpc/admin-handlers.ts";
import { createAdmission } from "./rpc/admission.ts";
import { createCallLog } from "./rpc/call-log.ts";
import { createContextHandlers } from "./rpc/context-handlers.ts";
import { connectErrorOf } from "./rpc/errors.ts";
import { createMistake, failureOf, prepare } from "./rpc/json-surface.ts";
import { createValidation } from "./rpc/validation.ts";
import { createSealer, type Sealer } from "./sealing/envelope.ts";
import { opensKeyCheck, sealKeyCheck } from "./sealing/key-check.ts";
import { deriveSealingKey, parseMasterKey, type SealingKey } from "./sealing/master-key.ts";

export { openChangeIndex } from "./store/sqlite/change-index.ts";

import { openMysqlSnapshot } from "./store/mysql/snapshot.ts";
import { openMysqlStore } from "./store/mysql/store.ts";
import { openReadOnly } from "./store/sqlite/database.ts";
import { openSqliteSnapshot } from "./store/sqlite/snapshot.ts";
import { openSqliteStore } from "./store/sqlite/store.ts";
import { bindService, cancellationOf, createServer, type ZscServer } from "./transport/index.ts";

/** A vault that is open and listens. */
export interface RunningVault {
  readonly address: { readonly host: string; readonly port: number };
  /** Finishes what is in flight, as long as the configuration allows, and lets go of everything. */
  stop(): Promise<void>;
}

/** Opens the database, brings its schema up to date. */
export async function openStore(database: DatabaseConfig): Promise<Store> {
  if (database.kind === "sqlite") return openSqliteStore(database.path);
  try {
    return await openMysqlStore(database);
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    throw new OperatorError(`${nameOf(database)} cannot be opened: ${error.message}. Check ZSC_DATABASE_URL.`, {
      cause: error,
    });
  }
}

/** Opens a view of log and vault for verification. Needs no more than the right to read, and changes nothing. */
export async function openSnapshot(database: DatabaseConfig): Promise<Snapshot> {
  try {
    if (database.kind === "mysql") return await openMysqlSnapshot(database);
    return openSqliteSnapshot(openReadOnly(database.path));
  } catch (error) {
    throw new OperatorError(`${nameOf(database)} cannot be read: ${reasonOf(error)}. Check ZSC_DATABASE_URL.`, {
      cause: error,
    });
  }
}

function nameOf(database: DatabaseConfig): string {
  if (database.kind === "sqlite") return `The SQLite database ${database.path}`;
  return `The database ${database.host}:${database.port}/${database.database}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : "for an unknown reason";
}

/** How batches are formed, where it shall not be as usual. */
export type BatchOptions = Pick<SequencerOptions, "maxBatchRows" | "maxBatchBytes">;

/** Opens the vault and begins to listen. */
export async function startVault(config: Config, log: Log, batches: BatchOptions = {}): Promise<RunningVault> {
  const [key, store] = await Promise.all([
    deriveSealingKey(parseMasterKey(config.masterKey.text())),
    openStore(config.database),
  ]);
  try {
    await checkKey(key, store);
    const sealer = createSealer(key);
    const onFailure = (failure: StoreFailure) => log.warn(fieldsOfError(failure.cause ?? failure), failure.message);
    const sequencer = createSequencer({ store, clock: systemClock, onFailure, ...batches });
    const server = createPort(config, { store, sequencer, sealer, authenticator: authenticatorOf(config) }, log);
    const address = await listen(server, config.listen);
    const rotation = startRotation({ store, sequencer, sealer, clock: systemClock, log });
    return {
      address,
      async stop() {
        const rotated = rotation.stop();
        await server.close(config.shutdownMs);
        const closed = rotated.then(() => sequencer.close()).then(() => store.close());
        if (await isInTime(closed, lastMomentMs)) return;
        log.warn({}, "the database did not finish in time and what waited for it was acknowledged to nobody");
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** What is left to the database once the grace is over and every connection is gone. */
const lastMomentMs = 500;

async function isInTime(work: Promise<void>, ms: number): Promise<boolean> {
  const over = new AbortController();
  const late = sleep(ms, false, { signal: over.signal }).catch(() => false);
  return await Promise.race([work.then(() => true), late]).finally(() => over.abort());
}

async function listen(server: ZscServer, address: ListenAddress): Promise<RunningVault["address"]> {
  try {
    return await server.listen(address);
  } catch (error) {
    const reason = errorCode(error) ?? "for an unknown reason";
    throw new OperatorError(`${address.host}:${address.port} cannot be listened on (${reason}). Check ZSC_LISTEN.`, {
      cause: error,
    });
  }
}

/** The first server of a vault leaves a sealed check behind; every later one must be able to open it. */
async function checkKey(key: SealingKey, store: Store): Promise<void> {
  const check = (await store.keyCheck()) ?? (await store.initKeyCheck(sealKeyCheck(key)));
  if (opensKeyCheck(key, check)) return;
  throw new OperatorError(
    "The master key does not open this vault. Set ZSC_MASTER_KEY or ZSC_MASTER_KEY_FILE to the key that it was made with.",
  );
}

function authenticatorOf({ jwt, callers }: Config): Authenticator {
  return createAuthenticator({ ...jwt, secret: jwt.secret.bytes, clock: systemClock, external: callers });
}

interface Parts {
  readonly store: Store;
  readonly sequencer: Sequencer;
  readonly sealer: Sealer;
  readonly authenticator: Authenticator;
}

function createPort(config: Config, { store, sequencer, sealer, authenticator }: Parts, log: Log): ZscServer {
  const ports = { sequencer, sealer, metadata: createMetadataReader(store), cancellationOf };
  const validation = createValidation([...ZscAdmin.methods, ...ZeqContext.methods].map(({ input }) => input));
  const { tls } = config;
  return createServer({
    services: [
      bindService(ZscAdmin, createAdminHandlers(ports)),
      bindService(ZeqContext, createContextHandlers(ports)),
    ],
    admit: createAdmission(authenticator),
    check: ({ input }, message) => validation.check(input, message),
    translate: connectErrorOf,
    jsonSurfaces: [
      {
        prefix: "/api/zsc",
        emitNull: emit_null,
        prepare,
        mistake: createMistake(validation),
        success: (_method, json) => ({ ok: true, ...json }),
        failure: failureOf,
      },
    ],
    health: { ready: createReadiness(store) },
    onCall: createCallLog(log),
    onFault: ({ where, error }) => log.debug({ ...fieldsOfError(error), address: where }, "a connection failed"),
    ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key.text() } }),
  });
}
