import { realpathSync, statSync } from "node:fs";
import { type Head, StoreFailure } from "../../ledger/index.ts";
import { failureOf, type Sqlite } from "./database.ts";
import { openHeadPage } from "./head-page.ts";

interface WatchedFiles {
  /**
   * Throws while one of the files is removed or replaced: writes would go to a file that has no name any more. Throws also
   * while the database file holds another content than its log belongs to. Called for every batch; looks at the file at
   * most once a millisecond.
   */
  check(): void;
}

type RowHashAt = (seq: number) => string | undefined;

/** A look costs as much as a tenth of a read that need not wait for a disk. */
const everyMs = 1;
/** The files beside the database. They are nearly always removed together with it. */
const besideEveryMs = 100;

/** Remembers which files an open database has: itself, its log, its index of the log. */
export function watchFiles(path: string, database: Sqlite, rowHashAt: RowHashAt): WatchedFiles {
  // SQLite follows a link once, when it opens the database, and keeps the two others beside the file itself.
  const file = realpathSync(path);
  const own = remember(path);
  const beside = [`${file}-wal`, `${file}-shm`].map(remember);
  const requireContent = watchContent(file, database, rowHashAt);
  let againAtMs = 0;
  let besideAgainAtMs = 0;
  return {
    check() {
      const nowMs = performance.now();
      if (nowMs < againAtMs) {
        return;
      }
      requireContent(requireSame(own));
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
  readonly mtimeNs: bigint;
  readonly size: bigint;
}

function remember(path: string): Remembered {
  return { path, identity: identityOf(path) };
}

function requireSame({ path, identity }: Remembered): Identity {
  const now = identityOf(path);
  if (now === undefined || now.ino !== identity?.ino || now.dev !== identity.dev) {
    throw moved();
  }
  return now;
}

function moved(): StoreFailure {
  return new StoreFailure("unavailable", "the database file was removed or replaced", undefined, "moved");
}

function identityOf(path: string): Identity | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    throw failureOf(error);
  }
}

/** A new database is nothing but a write-ahead log until its first checkpoint. */
function checkpoint(database: Sqlite): void {
  try {
    database.pragma("wal_checkpoint(PASSIVE)");
  } catch {
    // A full disk, for example, shows with the first batch, and has its own message there.
  }
}

/**
 * Notices that somebody has written over the file (`cp other.db vault.db`). With a write-ahead log only checkpoints write
 * it, ours or those of another program. What any of them leaves has a head of our own log, never an older one than before.
 */
function watchContent(path: string, database: Sqlite, rowHashAt: RowHashAt): (now: Identity) => void {
  checkpoint(database);
  const page = openHeadPage(path, database);
  let seen = page.read();
  let last = identityOf(path);
  const isOurs = (head: Head | undefined): boolean => {
    if (head === undefined || head.seq === 0) {
      return (seen?.seq ?? 0) === 0;
    }
    try {
      return head.seq >= (seen?.seq ?? 0) && rowHashAt(head.seq) === head.rowHash;
    } catch {
      // What is read through our own pages and those of another content may be damaged.
      return false;
    }
  };
  return (now) => {
    if (now.mtimeNs === last?.mtimeNs && now.size === last.size) {
      return;
    }
    // Read twice at most: another program may be writing the page at this moment.
    const head = [page.read(), page.read()].find(isOurs);
    if (head === undefined && seen !== undefined) {
      // Looked at again each time: a checkpoint of another program may have been half done.
      throw moved();
    }
    seen = head;
    last = now;
  };
}
