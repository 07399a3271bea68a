import { metadataOf } from "../../domain/secret.ts";
import { isAsRecorded } from "../../ledger/last-change.ts";
import { type Head, originIdOf } from "../../ledger/row.ts";
import {
  type Durability,
  type LedgerWrite,
  type Loaded,
  type LoadRequest,
  type Store,
  StoreFailure,
} from "../../ledger/store.ts";
import type { OnMigration } from "../migrations.ts";
import { pageOf } from "../pages.ts";
import { auditRowOf, vaultRowOf } from "../rows.ts";
import { failureOf, isForeign, isFull, openDatabase, openReadOnly, patiently, type Sqlite } from "./database.ts";
import { createErasure } from "./erasure.ts";
import { watchFiles } from "./files.ts";
import { metadataBytes, openSqliteListing } from "./listing.ts";
import { createRehearsal } from "./rehearsal.ts";
import { openSqliteSnapshot } from "./snapshot.ts";
import { headOf, type Statements, secretFromRecord, statementsOf } from "./statements.ts";
import { writeBatch } from "./write.ts";

/** The embedded store: one file, write-ahead log, every commit synced to the disk. */
export function openSqliteStore(path: string, onMigration?: OnMigration): Store {
  const database = openDatabase(path, onMigration);
  const statements = statementsOf(database);
  const files = watchFiles(path);
  const erasure = createErasure(database);
  const rehearsal = createRehearsal(path);
  const guarded = async <T>(work: () => T): Promise<T> => {
    try {
      files.check();
      return work();
    } catch (error) {
      throw failureOf(error);
    }
  };
  return {
    inProcess: true,
    async transact(request, decide) {
      files.check();
      const write = transact(database, statements, request, decide);
      if (write !== null && write.deletes.length > 0) {
        erasure.erase();
      }
    },
    listSecrets: (afterName, limit, atLeast) =>
      guarded(() => {
        requireRow(statements, atLeast);
        return pageOf(statements.list.iterate(afterName ?? "", limit), metadataBytes)
          .map(secretFromRecord)
          .map(metadataOf);
      }),
    auditRows: (originId, limit, atLeast, beforeSeq = Number.MAX_SAFE_INTEGER) =>
      guarded(() => {
        requireRow(statements, atLeast);
        return statements.audit.all(originId, beforeSeq, limit).map(auditRowOf);
      }),
    openListing: (afterName, atLeast) =>
      guarded(() => {
        requireRow(statements, atLeast);
        return openSqliteListing(path, afterName);
      }),
    dueSecrets: (zeqond, afterName, limit) => guarded(() => statements.due.all(zeqond, afterName ?? "", limit)),
    openSnapshot: () => guarded(() => openSqliteSnapshot(openReadOnly(path))),
    keyCheck: () => guarded(() => statements.keyCheck.get() ?? null),
    initKeyCheck: (check) =>
      guarded(() => {
        patiently(database, () => statements.initKeyCheck.run(check));
        const stored = statements.keyCheck.get();
        if (stored === undefined) {
          throw new StoreFailure("unavailable", "the key check was not stored");
        }
        return stored;
      }),
    ping: () => guarded(() => durabilityOf(database)),
    inventory: () => guarded(() => ({ head: headOf(statements), secrets: statements.countSecrets.get() ?? 0 })),
    rehearse: (commit) => guarded(() => ({ ...durabilityOf(database), newest: rehearsal.run(commit) })),
    async close() {
      erasure.stop();
      rehearsal.close();
      database.close();
    },
  };
}

function durabilityOf(database: Sqlite): Durability {
  const durable = Number(database.pragma("synchronous", { simple: true })) >= 2;
  return durable ? { durable } : { durable, detail: "SQLite's synchronous setting is below FULL" };
}

function transact(
  database: Sqlite,
  statements: Statements,
  request: LoadRequest,
  decide: (loaded: Loaded) => LedgerWrite | null,
): LedgerWrite | null {
  try {
    // IMMEDIATE takes the one write lock that SQLite has: it is the lock on the chain head.
    statements.begin.run();
  } catch (error) {
    throw failureOf(error);
  }
  let committing = false;
  try {
    const write = decide(load(statements, request));
    if (write === null) {
      statements.rollback.run();
      return null;
    }
    writeBatch(statements, write);
    committing = true;
    statements.commit.run();
    return write;
  } catch (error) {
    if (database.inTransaction) {
      statements.rollback.run();
    } else if (committing && !isFull(error)) {
      throw failureOf(error, "in_doubt");
    }
    // What `decide` throws passes through as it is.
    throw isForeign(error) ? failureOf(error) : error;
  }
}

function load(statements: Statements, request: LoadRequest): Loaded {
  const secrets = new Map<string, ReturnType<typeof secretFromRecord>>();
  for (const name of request.secrets) {
    const record = statements.secretByName.get(name);
    if (record !== undefined) {
      secrets.set(name, secretFromRecord(record));
    }
  }
  const denials = new Map<string, readonly number[]>();
  for (const zid of request.denials) {
    const found = statements.denialsOf.all(zid, request.denialsAfterZeqond, request.denialsUntilZeqond);
    if (found.length > 0) {
      denials.set(zid, found);
    }
  }
  const asRecorded = new Set(request.changes.filter((name) => isNameAsRecorded(statements, name)));
  const rowHashes = new Map<number, string>();
  for (const seq of request.rowHashesAt) {
    const hash = statements.rowHashAt.get(seq);
    if (hash !== undefined) {
      rowHashes.set(seq, hash);
    }
  }
  return { head: headOf(statements), secrets, denials, asRecorded, rowHashes };
}

function isNameAsRecorded(statements: Statements, name: string): boolean {
  const stored = statements.storedSecret.get(name);
  return isAsRecorded(stored && vaultRowOf(stored), statements.lastChange.get(originIdOf(name)));
}

/** There is one file, so only one that was replaced by hand can lack a row that was committed. */
function requireRow(statements: Statements, { seq, rowHash }: Head): void {
  if (seq > 0 && statements.rowHashAt.get(seq) !== rowHash) {
    throw new StoreFailure("unavailable", "the file does not have the row that was just committed");
  }
}
