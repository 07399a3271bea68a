import type { Durability } from "../../base/index.ts";
import {
  type AnyTable,
  type Head,
  type LedgerWrite,
  type Listing,
  type Loaded,
  type LoadRequest,
  type Selection,
  type Store,
  StoreFailure,
  type Table,
} from "../../ledger/index.ts";
import {
  auditRowOf,
  followingRows,
  Known,
  type OnMigration,
  pageOf,
  rowsOfOrigin,
  selectRowsBefore,
} from "../sql/index.ts";
import { failureOf, isForeign, isFull, openDatabase, openReadOnly, patiently, type Sqlite } from "./database.ts";
import { createErasure } from "./erasure.ts";
import { watchFiles } from "./files.ts";
import { linksOf } from "./links.ts";
import { createPager, openSqliteListing } from "./listing.ts";
import { type Context, type LastRows, load } from "./load.ts";
import { createRehearsal } from "./rehearsal.ts";
import { openSqliteSnapshot } from "./snapshot.ts";
import { headOf, type Statements, statementsOf } from "./statements.ts";
import { type SqliteTables, sqliteTables } from "./tables.ts";
import { writeBatch } from "./write.ts";

/** The embedded store: one file, write-ahead log, every commit synced to the disk. */
export function openSqliteStore(path: string, declared: readonly AnyTable[], onMigration?: OnMigration): Store {
  const database = openDatabase(path, declared, onMigration);
  const statements = statementsOf(database);
  const tables = sqliteTables(database, declared);
  const context = { statements, tables, known: new Known(declared) };
  const links = linksOf(statements);
  const pagers = new Map(declared.map((table) => [table, createPager(database, table)]));
  const files = watchFiles(path, database, (seq) => statements.rowHashAt.get(seq));
  const erasure = createErasure(database, () => {
    try {
      files.check();
      return true;
    } catch {
      return false;
    }
  });
  const rehearsal = createRehearsal(path, declared);
  const guarded = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      files.check();
      return await work();
    } catch (error) {
      throw failureOf(error);
    }
  };
  return {
    inProcess: true,
    async transact(request, decide) {
      files.check();
      const write = transact(database, context, request, decide);
      if (write?.tables.some(({ deletes }) => deletes.length > 0)) {
        erasure.erase();
      }
    },
    page: <R extends object>(table: Table<R>, select: Selection, limit: number, atLeast?: Head) =>
      guarded(() => {
        requireRow(statements, atLeast);
        return (pagers.get(table)?.page(select, limit) ?? []) as readonly R[];
      }),
    vouchedPage: (table, select, limit, atLeast) =>
      guarded(() => {
        requireRow(statements, atLeast);
        return pagers.get(table)?.vouchedPage(select, limit) ?? [];
      }),
    count: (table, select, atLeast) =>
      guarded(() => {
        requireRow(statements, atLeast);
        return pagers.get(table)?.count(select) ?? 0;
      }),
    openListing: <R extends object>(table: Table<R>, select: Selection, atLeast: Head) =>
      guarded(() => {
        requireRow(statements, atLeast);
        return openSqliteListing(path, table, select) as Listing<R>;
      }),
    auditRows: (about, limit, atLeast) =>
      guarded(async () => {
        requireRow(statements, atLeast);
        const found = await rowsOfOrigin(links, about, limit);
        return statements.listedAt.all(JSON.stringify(found)).map(auditRowOf);
      }),
    rowsBefore: (select, limit, atLeast) =>
      guarded(() => {
        requireRow(statements, atLeast);
        const { sql, values } = selectRowsBefore(select, limit);
        return followingRows(
          database
            .prepare<unknown[], unknown[]>(sql)
            .raw()
            .iterate(...values),
        );
      }),
    rowsAfter: (seq, limit) =>
      guarded(() =>
        pageOf(statements.rowsAfter.all(seq, limit).map(auditRowOf), ({ payloadJson }) => payloadJson.length),
      ),
    openSnapshot: () => guarded(() => openSqliteSnapshot(openReadOnly(path))),
    keyChecks: () => guarded(() => statements.keyChecks.all()),
    initKeyCheck: (check) =>
      guarded(() => {
        patiently(database, () => statements.initKeyCheck.run(check));
        const [stored] = statements.keyChecks.all();
        if (stored === undefined) {
          throw new StoreFailure("unavailable", "the key check was not stored");
        }
        return stored;
      }),
    ping: () => guarded(() => durabilityOf(database)),
    inventory: () => guarded(() => ({ head: headOf(statements), records: countsOf(tables) })),
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

function countsOf(tables: SqliteTables): ReadonlyMap<AnyTable, number> {
  const counted = [...tables.values()].filter(({ table }) => table.kind !== "derived");
  return new Map(counted.map(({ table, count }) => [table, count.get() ?? 0]));
}

function transact(
  database: Sqlite,
  context: Context,
  request: LoadRequest,
  decide: (loaded: Loaded) => LedgerWrite | null,
): LedgerWrite | null {
  const { statements, known } = context;
  try {
    // IMMEDIATE takes the one write lock that SQLite has: it is the lock on the chain head.
    statements.begin.run();
  } catch (error) {
    throw failureOf(error);
  }
  let committing = false;
  try {
    const lastRows: LastRows = new Map();
    const dataVersion = statements.dataVersion.get();
    known.keepIf(dataVersion, request.nowZeqond);
    const write = decide(load(context, request, lastRows));
    if (write === null) {
      statements.rollback.run();
      return null;
    }
    const origins = writeBatch(context, write, lastRows);
    committing = true;
    statements.commit.run();
    known.committed(write, origins, dataVersion);
    return write;
  } catch (error) {
    known.forgetAll();
    if (database.inTransaction) {
      statements.rollback.run();
    } else if (committing && !isFull(error)) {
      throw failureOf(error, "in_doubt");
    }
    // What `decide` throws passes through as it is.
    throw isForeign(error) ? failureOf(error) : error;
  }
}

/** There is one file, so only one that was replaced by hand can lack a row that was committed. */
function requireRow(statements: Statements, atLeast: Head | undefined): void {
  const { seq, rowHash } = atLeast ?? { seq: 0, rowHash: "" };
  if (seq > 0 && statements.rowHashAt.get(seq) !== rowHash) {
    throw new StoreFailure("unavailable", "the file does not have the row that was just committed");
  }
}
