import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, errorCode, type Log, OperatorError, systemClock } from "./base/index.ts";
import type { Config, DatabaseConfig, ListenAddress, TlsConfig } from "./config/index.ts";
import { purgeJob, rotationJob, startJobs } from "./jobs/index.ts";
import {
  type ChangeIndex,
  createReadiness,
  createSequencer,
  type Sequencer,
  type SequencerOptions,
  type Snapshot,
  type Store,
  StoreFailure,
  watchBatches,
  watchClock,
} from "./ledger/index.ts";
import { announce, checkVault, warnOfOpenFiles } from "./opening.ts";
import { organisationOf } from "./organisation.ts";
import { createOutageLog } from "./outage-log.ts";
import type { NewUser } from "./people/index.ts";
import { createFingerprint, createRowMac, createSealer, hexSource, openKeyring } from "./sealing/index.ts";
import type { OnMigration } from "./store/sql/index.ts";
import { tables } from "./tables.ts";
import type { ZscServer } from "./transport/index.ts";
import { type MadeUser, makeUser } from "./user-maker.ts";

/** A vault that is open and listens. */
export interface RunningVault {
  readonly address: { readonly host: string; readonly port: number };
  /** What connections from now on are shown. Nothing, when the port speaks plain text. */
  setTls(tls: TlsConfig): void;
  /** Makes a user of the vault API. @throws VaultError `CONFLICT` when the e-mail is taken */
  makeUser(user: NewUser): Promise<MadeUser>;
  /** One pass of each job, in place of the next one: after a clock was turned, what is due cannot wait for its time. */
  runJobs(): Promise<void>;
  /** Finishes what is in flight, as long as the configuration allows, and lets go of everything. */
  stop(): Promise<void>;
}

// A driver takes a while to load, so only the one that is asked for is.

/** Opens the database, brings its schema up to date. */
export async function openStore(database: DatabaseConfig, onMigration?: OnMigration): Promise<Store> {
  if (database.kind === "sqlite") {
    const { openSqliteStore } = await import("./store/sqlite/index.ts");
    return openSqliteStore(database.path, tables, onMigration);
  }
  const { openMysqlStore } = await import("./store/mysql/index.ts");
  return await openMysqlStore(database, tables, onMigration).catch((error: unknown) =>
    refuse(database, "opened", error),
  );
}

/** Refuses a database without a vault before anything is made there. */
async function requireVault(database: DatabaseConfig): Promise<void> {
  if (!(await holdsVault(database))) {
    throw new OperatorError(
      `${nameOf(database)} holds no vault, and ZSC_REQUIRE_VAULT forbids to make one. Check ZSC_DATABASE_URL.`,
    );
  }
}

/** Whether a vault has been made in the database. Makes nothing itself. */
export async function holdsVault(database: DatabaseConfig): Promise<boolean> {
  if (database.kind === "sqlite") {
    const { sqliteHoldsVault } = await import("./store/sqlite/index.ts");
    return sqliteHoldsVault(database.path, tables);
  }
  const { mysqlHoldsVault } = await import("./store/mysql/index.ts");
  return await mysqlHoldsVault(database, tables);
}

/** Opens a view of log and vault for verification. Needs no more than the right to read, and changes nothing. */
export async function openSnapshot(database: DatabaseConfig): Promise<Snapshot> {
  try {
    if (database.kind === "sqlite") {
      return await openSqliteFile(database.path);
    }
    const { openMysqlSnapshot } = await import("./store/mysql/index.ts");
    return await openMysqlSnapshot(database);
  } catch (error) {
    return refuse(database, "read", error);
  }
}

async function openSqliteFile(path: string): Promise<Snapshot> {
  const { openReadOnly } = await import("./store/sqlite/index.ts");
  const { openSqliteSnapshot } = await import("./store/sqlite/index.ts");
  return openSqliteSnapshot(openReadOnly(path));
}

/** Opens an index of what the log says changed, for verification: a file that is gone when it is closed. */
export async function openChangeIndex(): Promise<ChangeIndex> {
  const { openChangeIndex: open } = await import("./store/sqlite/index.ts");
  return open();
}

/** What people call it. */
export function nameOf(database: DatabaseConfig): string {
  return `The ${database.kind === "sqlite" ? "SQLite " : ""}database ${placeOf(database)}`;
}

/** Where it is, as far as logs may tell. */
export function placeOf(database: DatabaseConfig): string {
  return database.kind === "sqlite" ? resolve(database.path) : `${database.host}:${database.port}/${database.database}`;
}

/** What a store failed with is for the operator; anything else is a bug. */
export function refuse(database: DatabaseConfig, what: "opened" | "read", error: unknown): never {
  if (!(error instanceof StoreFailure)) {
    throw error;
  }
  throw new OperatorError(`${nameOf(database)} cannot be ${what}: ${error.message}.`, { cause: error });
}

/** How batches are formed, where it shall not be as usual. */
type BatchOptions = Pick<SequencerOptions, "maxBatchRows" | "maxBatchBytes">;

/** What a vault takes from its surroundings, where that is not the machine and the port. */
interface Surroundings {
  readonly clock?: Clock;
  /** Told of the ledger once it is open; the port submits to what it answers. */
  readonly between?: (ledger: Ledger) => Sequencer;
}

export interface Ledger {
  readonly sequencer: Sequencer;
  readonly store: Pick<Store, "rowsAfter">;
}

/** How often a long migration says how far it is. */
const progressEveryMs = 2_000;

/** Longer than one server may wait for another one to migrate the schema. */
const startWithinMs = 90_000;

/**
 * Opens the vault and begins to listen.
 *
 * @throws OperatorError also when that takes more than 90 seconds and is no migration; it may still be at it then.
 */
export async function startVault(
  config: Config,
  log: Log,
  batches: BatchOptions = {},
  version = "unknown",
  surroundings: Surroundings = {},
): Promise<RunningVault> {
  let isMigrating = false;
  let toldAtMs = 0;
  const onMigration: OnMigration = (fromVersion, progress) => {
    isMigrating = fromVersion !== undefined;
    if (progress !== undefined) {
      if (performance.now() - toldAtMs > progressEveryMs && progress.total > 0) {
        toldAtMs = performance.now();
        const { done, total } = progress;
        log.info({ reason: `${done} of ${total} rows` }, "the schema is being brought up to date");
      }
    } else if (fromVersion !== undefined && fromVersion > 0) {
      log.warn({ database: placeOf(config.database) }, "the schema is being brought up to date: let it finish");
    }
  };
  const starting = start(config, log, { batches, onMigration, version, surroundings }).catch((error: unknown) =>
    refuse(config.database, "opened", error),
  );
  while (!(await isInTime(starting, startWithinMs))) {
    if (!isMigrating) {
      throw new OperatorError(
        `The start took more than ${startWithinMs / 1_000} s and was given up. ` +
          `${nameOf(config.database)} is slow, locked, or does not answer.`,
      );
    }
  }
  return await starting;
}

interface StartOptions {
  readonly batches: BatchOptions;
  readonly onMigration: OnMigration;
  /** Of the program. */
  readonly version: string;
  readonly surroundings: Surroundings;
}

async function start(config: Config, log: Log, options: StartOptions): Promise<RunningVault> {
  const { batches, onMigration, version, surroundings } = options;
  const { clock = systemClock, between = ({ sequencer }) => sequencer } = surroundings;
  if (config.requireVault) {
    await requireVault(config.database);
  }
  // The key is derived on another thread and the database answers in its own time: meanwhile the port's libraries load.
  const [keyring, store, { createPort }] = await Promise.all([
    openKeyring(hexSource(config.masterKey)),
    openStore(config.database, onMigration),
    import("./port.ts"),
  ]);
  try {
    const sealer = createSealer(keyring);
    const found = await checkVault({ keyring, sealer, store, log });
    const { durable, detail = "" } = await store.ping();
    if (!durable) {
      log.warn({ reason: detail }, "the database does not sync its commits and may lose acknowledged rows");
    }
    const outage = createOutageLog(store, log);
    const watch = watchBatches(outage.store);
    const watched = { inProcess: store.inProcess, transact: watch.transact };
    const mac = createRowMac(keyring);
    const sequencer = createSequencer({
      store: watched,
      clock,
      mac,
      onFailure: outage.failed,
      ...batches,
    });
    const readiness = createReadiness({ store, batches: watch, clock: clockWatchOf(clock, log), log });
    const organisation = organisationOf({ keyring, sequencer, clock });
    const health = { ready: readiness.ask };
    const fingerprint = createFingerprint(keyring);
    const submitted = between({ sequencer, store });
    const server = createPort(
      config,
      { store, sequencer: submitted, sealer, mac, health, organisation, fingerprint, version, clock },
      log,
    );
    const address = await listen(server, config.listen);
    announce(found, placeOf(config.database), log);
    if (config.database.kind === "sqlite") {
      warnOfOpenFiles(config.database.path, log);
    }
    const rotation = rotationJob({ store, sequencer, sealer, clock, log });
    const jobs = startJobs([rotation, purgeJob({ store, sequencer, log })], log);
    return {
      address,
      makeUser: (user) => makeUser(sequencer, user),
      runJobs: () => jobs.runNow(),
      setTls: ({ cert, key }) => server.setTls({ cert, key: key.text() }),
      async stop() {
        const ended = jobs.stop();
        await server.close(config.shutdownMs);
        readiness.stop();
        const closed = ended.then(() => sequencer.close()).then(() => store.close());
        if (await isInTime(closed, lastMomentMs)) {
          return;
        }
        log.warn({}, "the database did not finish in time and what waited for it was acknowledged to nobody");
      },
    };
  } catch (error) {
    await isInTime(store.close(), lastMomentMs).catch(() => false);
    throw error;
  }
}

/** A clock that is turned on purpose does not jump. */
function clockWatchOf(clock: Clock, log: Log) {
  return clock === systemClock ? watchClock(clock, log) : watchClock(clock, log, () => clock.nowMs());
}

/** What is left to the database once the grace is over and every connection is gone. */
const lastMomentMs = 500;

async function isInTime(work: Promise<unknown>, ms: number): Promise<boolean> {
  const over = new AbortController();
  const late = sleep(ms, false, { signal: over.signal }).catch(() => false);
  return await Promise.race([work.then(() => true), late]).finally(() => over.abort());
}

async function listen(server: ZscServer, address: ListenAddress): Promise<RunningVault["address"]> {
  try {
    return await server.listen(address);
  } catch (error) {
    const reason = errorCode(error) ?? "for an unknown reason";
    const hint = listenHints[reason] ?? "";
    throw new OperatorError(
      `${address.host}:${address.port} cannot be listened on (${reason}). Check ZSC_LISTEN.${hint}`,
      { cause: error },
    );
  }
}

const listenHints: Readonly<Record<string, string>> = {
  EACCES: " Ports below 1024 need a privilege.",
  EADDRINUSE: " Another program listens there, perhaps another ZSC.",
  EADDRNOTAVAIL: " This machine does not have the address.",
};
