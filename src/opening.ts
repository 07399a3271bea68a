import { realpathSync, statSync } from "node:fs";
import { type Log, OperatorError } from "./base/index.ts";
import { type Inventory, type Store, shapeOf } from "./ledger/index.ts";
import { type Keyring, keyIdIn, opensKeyCheck, type Sealer, type SealingKey, sealKeyCheck } from "./sealing/index.ts";
import { bindingOf, isSealBroken, type Secret, secrets } from "./secrets/index.ts";

interface Opening {
  readonly keyring: Keyring;
  readonly sealer: Sealer;
  readonly store: Store;
  readonly log: Log;
}

/** What a start has found. */
interface Found extends Inventory {
  /** Whether there was no vault, and this start has made one. */
  readonly isNew: boolean;
}

/**
 * Makes sure that the key is this vault's.
 *
 * @throws OperatorError when the key is another one's
 */
export async function checkVault(opening: Opening): Promise<Found> {
  const { keyring, store } = opening;
  const { head, records } = await store.inventory();
  const stored = await store.keyChecks();
  const isUnchecked = stored.length === 0;
  if (isUnchecked && isFilled(records)) {
    await checkSecrets(opening);
  }
  requireKeyOf(isUnchecked ? [await store.initKeyCheck(sealKeyCheck(keyring.current))] : stored, keyring);
  return { head, records, isNew: isUnchecked && !isFilled(records) && head.seq === 0 };
}

/** @throws OperatorError when the checks are of another key */
export function requireKeyOf(checks: readonly Uint8Array[], keyring: Keyring): void {
  if (!opensChecks(keyring, checks)) {
    throw wrongKey();
  }
}

/** Whether these are the checks of a vault that was made with this key. */
export function opensChecks(keyring: Keyring, checks: readonly Uint8Array[]): boolean {
  return checks.every((check) => isOpenedBy(keyring, check)) && checks.some(isOf(keyring.current));
}

/** Whether a check was made under the key of the ring that it names. */
function isOpenedBy({ keys }: Keyring, check: Uint8Array): boolean {
  const key = keys.get(keyIdIn(check));
  return key !== undefined && opensKeyCheck(key, check);
}

function isOf({ id }: SealingKey): (check: Uint8Array) => boolean {
  return (check) => keyIdIn(check) === id;
}

/** `place`: which database it is, for people. */
export function announce({ head, records, isNew }: Found, place: string, log: Log): void {
  if (isNew) {
    log.warn({ database: place }, "there was no vault and a new vault was made");
  }
  const count = records.get(secrets) ?? 0;
  log.info({ database: place, secrets: count, head: `${head.seq}.${head.rowHash}` }, "the vault is open");
}

/**
 * A vault that has lost the check of its key: its secrets tell instead, all of them, since one may have been added by hand.
 * A row that was changed by hand opens under no key, and proves nothing.
 */
async function checkSecrets({ keyring, sealer, store, log }: Opening): Promise<void> {
  let opened = 0;
  let broken = 0;
  const snapshot = await store.openSnapshot();
  try {
    for await (const page of snapshot.records(secrets)) {
      for (const { row } of page) {
        const secret = shapeOf(secrets).load(row) as unknown as Secret;
        if (!keyring.keys.has(keyIdIn(secret.sealedKey))) {
          throw wrongKey();
        }
        if (isWhole(() => sealer.check(secret, bindingOf(secret)))) {
          opened += 1;
        } else {
          broken += 1;
        }
      }
    }
  } finally {
    await snapshot.close();
  }
  if (opened === 0) {
    throw wrongKey();
  }
  log.warn({ count: broken }, "the check of the master key was missing: the key opens the secrets, but for so many");
}

function isFilled(records: Inventory["records"]): boolean {
  return (records.get(secrets) ?? 0) > 0;
}

function isWhole(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (isSealBroken(error)) {
      return false;
    }
    throw error;
  }
}

export function wrongKey(): OperatorError {
  return new OperatorError(
    "The master key does not open this vault. Set ZSC_MASTER_KEY or ZSC_MASTER_KEY_FILE to the key that it was made with.",
  );
}

const othersMayOpen = 0o066;

/**
 * The files of a SQLite database that other users can open. Only values are sealed: names, ZIDs and the log are readable, and
 * write access permits deletion.
 */
export function openFilesOf(path: string): readonly string[] {
  // On Windows modes say nothing.
  if (process.platform === "win32") {
    return [];
  }
  const file = realpathSync(path);
  return [file, `${file}-wal`, `${file}-shm`].filter((each) => {
    const mode = statSync(each, { throwIfNoEntry: false })?.mode ?? 0;
    return (mode & othersMayOpen) !== 0;
  });
}

export function warnOfOpenFiles(path: string, log: Log): void {
  const open = openFilesOf(path);
  if (open.length > 0) {
    log.warn({ reason: `chmod 600 ${open.join(" ")}` }, "other users of this machine can open the database");
  }
}
