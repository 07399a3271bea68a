import Database from "better-sqlite3";
import type { ChangeIndex, LastChange } from "../../ledger/verify.ts";
import { failureOf } from "./database.ts";

interface ChangeRecord {
  readonly name: string;
  readonly seq: number;
  readonly version: number;
  readonly digest: string;
}

const schema = `
  CREATE TABLE change (name TEXT PRIMARY KEY, seq INTEGER, version INTEGER, digest TEXT, met INTEGER) WITHOUT ROWID;
  BEGIN`;

/** A temporary table on disk that vanishes when it is closed. It holds names, versions and digests, never values. */
export function openChangeIndex(): ChangeIndex {
  // An empty name is SQLite's private temporary database; nothing in it is ever rolled back.
  const database = new Database("");
  database.pragma("journal_mode = OFF");
  database.exec(schema);
  const put = database.prepare<[string, number, number, string]>(
    "INSERT OR REPLACE INTO change (name, seq, version, digest, met) VALUES (?, ?, ?, ?, 0)",
  );
  const remove = database.prepare<[string]>("DELETE FROM change WHERE name = ?");
  const get = database.prepare<[string], ChangeRecord>("SELECT name, seq, version, digest FROM change WHERE name = ?");
  const meet = database.prepare<[string]>("UPDATE change SET met = 1 WHERE name = ?");
  const unmet = database.prepare<[number], ChangeRecord>(
    "SELECT name, seq, version, digest FROM change WHERE met = 0 ORDER BY seq LIMIT ?",
  );
  return {
    put: ({ name, seq, version, sealedDigest }) => void guarded(() => put.run(name, seq, version, sealedDigest)),
    delete: (name) => void guarded(() => remove.run(name)),
    get(name) {
      const record = guarded(() => get.get(name));
      return record === undefined ? undefined : changeOf(record);
    },
    meet: (name) => void guarded(() => meet.run(name)),
    unmet: (limit) => guarded(() => unmet.all(limit)).map(changeOf),
    close: () => void database.close(),
  };
}

/** The disk of the temporary files may be full. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw failureOf(error);
  }
}

function changeOf({ digest, ...rest }: ChangeRecord): LastChange {
  return { ...rest, sealedDigest: digest };
}
