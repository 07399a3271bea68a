import { realpathSync, statSync } from "node:fs";
import { StoreFailure } from "../../ledger/index.ts";
import { failureOf } from "./database.ts";

interface WatchedFiles {
  /**
   * Throws while one of the files is removed or replaced: writes would go to a file that has no name any more. Called for
   * every batch; looks at the file at most once a millisecond.
   */
  check(): void;
}

/** A look costs as much as a tenth of a read that need not wait for a disk. */
const everyMs = 1;
/** The files beside the database. They are nearly always removed together with it. */
const besideEveryMs = 100;

/** Remembers which files an open database has: itself, its log, its index of the log. */
export function watchFiles(path: string): WatchedFiles {
  // SQLite follows a link once, when it opens the database, and keeps the two others beside the file itself.
  const file = realpathSync(path);
  const database = remember(path);
  const beside = [`${file}-wal`, `${file}-shm`].map(remember);
  let againAtMs = 0;
  let besideAgainAtMs = 0;
  return {
    check() {
      const nowMs = performance.now();
      if (nowMs < againAtMs) {
        return;
      }
      requireSame(database);
      if (nowMs >= besideAgainAtMs) {
        beside.forEach(requireSame);
        besideAgainAtMs = nowMs + besideEveryMs;
      }
      againAtMs = nowMs + everyMs;
    },
  };
}

interface Remembered {
  readonly path: string;
  readonly identity: Identity | undefined;
}

/** As big integers: beyond 2^53, a number cannot tell two files apart. */
interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
}

function remember(path: string): Remembered {
  return { path, identity: identityOf(path) };
}

function requireSame({ path, identity }: Remembered): void {
  const now = identityOf(path);
  if (now === undefined || now.ino !== identity?.ino || now.dev !== identity.dev) {
    throw new StoreFailure("unavailable", "the database file was removed or replaced", undefined, "moved");
  }
}

function identityOf(path: string): Identity | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    throw failureOf(error);
  }
}
