import { setTimeout as sleep } from "node:timers/promises";
import type { Config, DatabaseConfig, ListenAddress, TlsConfig } from "./config/config.ts";
import { systemClock } from "./domain/clock.ts";
import { errorCode } from "./domain/error-code.ts";
import type { Log } from "./domain/log.ts";
import { OperatorError } from "./domain/operator-error.ts";
import { createSequencer, type SequencerOptions } from "./ledger/sequencer.ts";
import { type Snapshot, type Store, StoreFailure } from "./ledger/store.ts";
import type { ChangeIndex } from "./ledger/verify.ts";
import { createOutageLog } from "./outage-log.ts";
import { startRotation } from "./rotation/daemon.ts";
import { createSealer } from "./sealing/envelope.ts";
import { opensKeyCheck, sealKeyCheck } from "./sealing/key-check.ts";
import { deriveSealingKey, parseMasterKey, type SealingKey } from "./sealing/master-key.ts";
import type { ZscServer } from "./transport/index.ts";

/** A vault that is open and listens. */
export interface RunningVault {
  readonly address: { readonly host: string; readonly port: number };
  /** What connections from now on are shown. Nothing, when the port speaks plain text. */
  setTls(tls: TlsConfig): void;
  /** Finishes what is in flight, as long as the configuration allows, and lets go of everything. */
  stop(): Promise<void>;
}

// A driver takes a while to load, so only the one that is asked for is.

/** Opens the database, brings its schema up to date. */
export async function openStore(database: DatabaseConfig): Promise<Store> {
  if (database.kind === "sqlite") {
    const { openSqliteStore } = await import("./store/sqlite/store.ts");
    return openSqliteStore(database.path);
  }
  const { openMysqlStore } = await import("./store/mysql/store.ts");
  return await openMysqlStore(database).catch((error: unknown) => refuse(database, "opened", error));
}

/** Opens a view of log and vault for verification. Needs no more than the right to read, and changes nothing. */
export async function openSnapshot(database: DatabaseConfig): Promise<Snapshot> {
  try {
    if (database.kind === "sqlite") {
      return await openSqliteFile(database.path);
    }
    const { openMysqlSnapshot } = await import("./store/mysql/snapshot.ts");
    return await openMysqlSnapshot(database);
  } catch (error) {
    return refuse(database, "read", error);
  }
}

async function openSqliteFile(path: string): Promise<Snapshot> {
  const { openReadOnly } = await import("./store/sqlite/database.ts");
  const { openSqliteSnapshot } = await import("./store/sqlite/snapshot.ts");
  return openSqliteSnapshot(openReadOnly(path));
}

/** Opens an index of what the log says changed, for verification: a file that is gone when it is closed. */
export async function openChangeIndex(): Promise<ChangeIndex> {
  const { openChangeIndex: open } = await import("./store/sqlite/change-index.ts");
  return open();
}

function nameOf(database: DatabaseConfig): string {
  if (database.kind === "sqlite") {
    return `The SQLite database ${database.path}`;
  }
  return `The database ${database.host}:${database.port}/${database.database}`;
}

/** What a store failed with is for the operator; anything else is a bug. */
function refuse(database: DatabaseConfig, what: "opened" | "read", error: unknown): never {
  if (!(error instanceof StoreFailure)) {
    throw error;
  }
  throw new OperatorError(`${nameOf(database)} cannot be ${what}: ${error.message}.`, { cause: error });
}

/** How batches are formed, where it shall not be as usual. */
export type BatchOptions = Pick<SequencerOptions, "maxBatchRows" | "maxBatchBytes">;

/** Opens the vault and begins to listen. */
export async function startVault(config: Config, log: Log, batches: BatchOptions = {}): Promise<RunningVault> {
  // The key is derived on another thread and the database answers in its own time: meanwhile the port's libraries load.
  const [key, store, { createPort }] = await Promise.all([
    sealingKeyOf(config),
    openStore(config.database),
    import("./port.ts"),
  ]);
  try {
    const checked = checkKey(key, store).then(() => store.ping());
    const { durable, detail = "" } = await checked.catch((error: unknown) => refuse(config.database, "opened", error));
    if (!durable) {
      log.warn({ reason: detail }, "the database does not sync its commits and may lose acknowledged rows");
    }
    const sealer = createSealer(key);
    const outage = createOutageLog(store, log);
    const sequencer = createSequencer({
      store: outage.store,
      clock: systemClock,
      onFailure: outage.failed,
      ...batches,
    });
    const server = createPort(config, { store, sequencer, sealer }, log);
    const address = await listen(server, config.listen);
    const rotation = startRotation({ store, sequencer, sealer, clock: systemClock, log });
    return {
      address,
      setTls: ({ cert, key }) => server.setTls({ cert, key: key.text() }),
      async stop() {
        const rotated = rotation.stop();
        await server.close(config.shutdownMs);
        const closed = rotated.then(() => sequencer.close()).then(() => store.close());
        if (await isInTime(closed, lastMomentMs)) {
          return;
        }
        log.warn({}, "the database did not finish in time and what waited for it was acknowledged to nobody");
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Derives the key that seals, and forgets the one that it comes from. */
async function sealingKeyOf({ masterKey }: Config): Promise<SealingKey> {
  const bytes = parseMasterKey(masterKey.text());
  masterKey.wipe();
  return await deriveSealingKey(bytes).finally(() => bytes.fill(0));
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
  if (opensKeyCheck(key, check)) {
    return;
  }
  throw new OperatorError(
    "The master key does not open this vault. Set ZSC_MASTER_KEY or ZSC_MASTER_KEY_FILE to the key that it was made with.",
  );
}
