import type { Sqlite } from "./database.ts";

interface Erasure {
  /** Moves what the write-ahead log holds into the database, where deleted values are overwritten, and empties it. */
  erase(): void;
  stop(): void;
}

/** The write-ahead log cannot be truncated while a reader uses it. */
const againAfterMs = 1_000;

/** Leaves nothing of a deleted secret in the write-ahead log, which otherwise keeps it until the log begins anew. */
export function createErasure(database: Sqlite, isOurFile: () => boolean): Erasure {
  let again: NodeJS.Timeout | undefined;
  const erase = () => {
    clearTimeout(again);
    again = isOurFile() && isEmptied(database) ? undefined : setTimeout(erase, againAfterMs).unref();
  };
  return { erase, stop: () => clearTimeout(again) };
}

/** Never fails: what was asked for is committed, and a full disk, for example, comes to light with the next batch. */
function isEmptied(database: Sqlite): boolean {
  try {
    return database.pragma("wal_checkpoint(TRUNCATE)", { simple: true }) === 0;
  } catch {
    return false;
  }
}
