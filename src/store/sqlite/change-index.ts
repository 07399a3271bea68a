import Database from "better-sqlite3";
import type { ChangeIndex, LastChange } from "../../ledger/index.ts";
import { failureOf } from "./database.ts";

interface ChangeRecord {
  readonly key: string;
  readonly seq: number;
  readonly version: number;
  readonly digest: string;
}

const schema = `
  CREATE TABLE change (kind TEXT, key TEXT, seq INTEGER, version INTEGER, digest TEXT, met INTEGER, PRIMARY KEY (kind, key))
    WITHOUT ROWID;
  BEGIN`;

const columns = "key, seq, version, digest";

/** A temporary table on disk that vanishes when it is closed. It holds keys, versions and digests, never values. */
export function openChangeIndex(): ChangeIndex {
  // An empty name is SQLite's private temporary database; nothing in it is ever rolled back.
  const database = new Database("");
  database.pragma("journal_mode = OFF");
  database.exec(schema);
  const put = database.prepare<[string, string, number, number, string]>(
    "INSERT OR REPLACE INTO change (kind, key, seq, version, digest, met) VALUES (?, ?, ?, ?, ?, 0)",
  );
  const remove = database.prepare<[string, string]>("DELETE FROM change WHERE kind = ? AND key = ?");
  const get = database.prepare<[string, string], ChangeRecord>(
    `SELECT ${columns} FROM change WHERE kind = ? AND key = ?`,
  );
  const meet = database.prepare<[string, string]>("UPDATE change SET met = 1 WHERE kind = ? AND key = ?");
  const unmet = database.prepare<[string, number], ChangeRecord>(
    `SELECT ${columns} FROM change WHERE kind = ? AND met = 0 ORDER BY seq LIMIT ?`,
  );
  const unmetOwned = database.prepare<[string, string, number, number], ChangeRecord>(
    `SELECT ${columns} FROM change c WHERE kind = ? AND met = 0
       AND EXISTS (SELECT 1 FROM change o WHERE o.kind = ? AND o.key = substr(c.key, 1, ?)) ORDER BY seq LIMIT ?`,
  );
  return {
    put({ table, key, seq, version, sealedDigest }) {
      guarded(() => put.run(table, key, seq, version, sealedDigest));
    },
    delete: (table, key) => void guarded(() => remove.run(table, key)),
    get(table, key) {
      const record = guarded(() => get.get(table, key));
      return record === undefined ? undefined : changeOf(table, record);
    },
    meet: (table, key) => void guarded(() => meet.run(table, key)),
    unmet(table, limit, owner) {
      const records = guarded(() =>
        owner === undefined ? unmet.all(table, limit) : unmetOwned.all(table, owner.table, owner.keyCharacters, limit),
      );
      return records.map((record) => changeOf(table, record));
    },
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

function changeOf(table: string, { digest, ...rest }: ChangeRecord): LastChange {
  return { table, ...rest, sealedDigest: digest };
}
