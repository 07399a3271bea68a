import { OperatorError, systemClock, VaultError } from "./base/index.ts";
import { holdsVault, nameOf, openStore } from "./compose.ts";
import type { Config, DatabaseConfig } from "./config/index.ts";
import { inspectDatabase } from "./inspection.ts";
import { createSequencer, type Sequencer, type Store, StoreFailure } from "./ledger/index.ts";
import { requireKeyOf } from "./opening.ts";
import { createRowMac, hexSource, type Keyring, openKeyring } from "./sealing/index.ts";

/** The ledger as a command has it, beside a running server or without one. */
export interface OperatorLedger {
  readonly sequencer: Sequencer;
  readonly store: Store;
}

/**
 * Opens the ledger for as long as some work takes. An older schema stays as it is: the server that runs on it may be of its
 * version, and only a server that starts brings it up to date.
 *
 * @param makesVault whether an empty database may become a vault by it
 * @throws OperatorError when the key is another vault's, the schema another version's, or there is no vault; VaultError `STORE_UNAVAILABLE`
 */
export async function withLedger<T>(
  config: Config,
  makesVault: boolean,
  work: (ledger: OperatorLedger) => Promise<T>,
): Promise<T> {
  const { database } = config;
  try {
    await requireCurrentVault(database, makesVault);
    const keyring = await openKeyring(hexSource(config.masterKey));
    const store = await openStore(database);
    try {
      return await withStore(store, keyring, work);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof StoreFailure) {
      throw unavailable(`${nameOf(database)} cannot be used: ${error.message}`, error);
    }
    const isAway = error instanceof OperatorError && error.cause instanceof StoreFailure;
    throw isAway ? unavailable(error.message, error) : error;
  }
}

async function requireCurrentVault(database: DatabaseConfig, makesVault: boolean): Promise<void> {
  if (!(await holdsVault(database))) {
    if (makesVault) {
      return;
    }
    throw new OperatorError(`${nameOf(database)} holds no vault. Check ZSC_DATABASE_URL.`);
  }
  const { version, newest } = await inspectDatabase(database, { inPlace: true });
  if (version < newest) {
    throw new OperatorError(
      `${nameOf(database)} has schema version ${version}, and this program works on ${newest}. ` +
        "Make a backup and start its server, which brings it up to date, or take the program of the server that runs.",
    );
  }
}

async function withStore<T>(store: Store, keyring: Keyring, work: (ledger: OperatorLedger) => Promise<T>): Promise<T> {
  // A vault that nobody has opened yet has no check.
  const checks = await store.keyChecks();
  if (checks.length > 0) {
    requireKeyOf(checks, keyring);
  }
  const sequencer = createSequencer({ store, clock: systemClock, mac: createRowMac(keyring) });
  try {
    return await work({ sequencer, store });
  } finally {
    await sequencer.close();
  }
}

function unavailable(message: string, cause: Error): VaultError {
  return new VaultError("STORE_UNAVAILABLE", message, { cause });
}
