import {
  type AnyTable,
  type Head,
  type Inventory,
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
import { type Connection, type MysqlOptions, openConnection } from "./connection.ts";
import { durabilityOf } from "./durability.ts";
import { createLine } from "./line.ts";
import { linksOf, listedAt } from "./links.ts";
import { openMysqlListing } from "./listing.ts";
import { headOf, type LoadContext, lockAndLoad, rowsAt, selectAudit, selectHead } from "./load.ts";
import { migrate } from "./migrate.ts";
import { countSelected, readPage, readVouchedPage } from "./pages.ts";
import { readAtLeast } from "./read-at-least.ts";
import { createRehearsal, touchOf } from "./rehearsal.ts";
import { despiteRivals } from "./rivals.ts";
import { openMysqlSnapshot } from "./snapshot.ts";
import { type MysqlTables, mysqlTables, sqlOf } from "./tables.ts";
import { createTurns, type Turns } from "./turns.ts";
import { writeBatch } from "./write.ts";

// After these timeouts the connection is dropped. The longest wait of a caller follows from them: docs/operations.md.

/** Timeout of a batch, including the wait for the head. */
const batchAnswersWithinMs = 8_000;
/** Timeout of a read beside the chain. */
const readAnswersWithinMs = 5_000;

/** Opens MySQL, or a database that speaks its protocol. Migrates the schema before it returns. */
export async function openMysqlStore(
  options: MysqlOptions,
  declared: readonly AnyTable[],
  onMigration?: OnMigration,
): Promise<Store> {
  await migrate(options, declared, onMigration);
  const tables = mysqlTables(declared);
  const context: Context = {
    tables,
    known: new Known(declared),
    touch: touchOf(tables),
    turns: createTurns(),
  };
  // Metadata, health and the daemon's questions must not wait behind a batch.
  const reader = createLine({
    open: () => openConnection(options, "reader"),
    answersWithinMs: readAnswersWithinMs,
    triesAgain: true,
  });
  const rehearsal = createRehearsal(() => openConnection(options, "ledger"), tables);
  const writer = createLine({
    open: () => openConnection(options, "ledger"),
    answersWithinMs: batchAnswersWithinMs,
    // The sequencer decides about retries.
    triesAgain: false,
    // After a failover, the connections could otherwise point to different servers.
    onGivenUp() {
      reader.renew();
      rehearsal.renew();
    },
  });
  return {
    inProcess: false,
    transact: (request, decide) => writer.use((connection) => transact(connection, context, request, decide)),
    page<R extends object>(table: Table<R>, ...[select, limit, atLeast]: PageOptions) {
      return reader.use(async (connection) => {
        const read = async (sql: string, values: readonly unknown[]) =>
          atLeast === undefined
            ? rowsAt(await connection.run(sql, values), 0)
            : await readAtLeast(connection, atLeast, sql, values);
        return (await readPage(read, sqlOf(tables, table), select, limit)) as readonly R[];
      });
    },
    vouchedPage: (table, select, limit, atLeast) =>
      reader.use((connection) => {
        const read = (sql: string, values: readonly unknown[]) => readAtLeast(connection, atLeast, sql, values);
        return readVouchedPage(read, sqlOf(tables, table), select, limit);
      }),
    count: (table, select, atLeast) =>
      reader.use(async (connection) => {
        const { sql, values } = countSelected(sqlOf(tables, table), select);
        const [counted] = await readAtLeast(connection, atLeast, sql, values);
        return Number(counted?.[0] ?? 0);
      }),
    openListing: <R extends object>(table: Table<R>, select: Selection, atLeast: Head) =>
      openMysqlListing(options, sqlOf(tables, table), select, atLeast) as Promise<Listing<R>>,
    auditRows: (about, limit, atLeast) =>
      reader.use(async (connection) => {
        const read = (sql: string, values: readonly unknown[]) => readAtLeast(connection, atLeast, sql, values);
        return await listedAt(read, await rowsOfOrigin(linksOf(read), about, limit));
      }),
    rowsBefore: (select, limit, atLeast) =>
      reader.use(async (connection) => {
        const { sql, values } = selectRowsBefore(select, limit);
        return followingRows(await readAtLeast(connection, atLeast, sql, values));
      }),
    rowsAfter: (seq, limit) =>
      reader.use(async (connection) => {
        const rows = await connection.rows(`${selectAudit} WHERE seq > ? ORDER BY seq LIMIT ?`, [seq, limit]);
        return pageOf(rows.map(auditRowOf), ({ payloadJson }) => payloadJson.length);
      }),
    openSnapshot: () => openMysqlSnapshot(options),
    keyChecks: () => reader.use(keyChecks),
    initKeyCheck: (check) => despiteRivals(() => writer.use((connection) => initKeyCheck(connection, check))),
    ping: () => reader.use(durabilityOf),
    inventory: () => reader.use((connection) => inventory(connection, tables)),
    rehearse: rehearsal.run,
    async close() {
      await Promise.all([writer.close(), reader.close(), rehearsal.close()]);
    },
  };
}

interface Context extends LoadContext {
  /**
   * InnoDB releases its locks, and shows what was committed, before its log is on the disk. A caller that is answered
   * because of a row that was only seen must wait for that: a row that comes and goes changes nothing, and its COMMIT
   * syncs the log up to here.
   */
  readonly touch: readonly string[];
  readonly turns: Turns;
}

type PageOptions = [select: Selection, limit: number, atLeast?: Head];

async function transact(
  connection: Connection,
  { tables, known, touch, turns }: Context,
  request: LoadRequest,
  decide: (loaded: Loaded) => LedgerWrite | null,
): Promise<void> {
  if (connection.isClustered) {
    await turns.wait();
  }
  const startMs = performance.now();
  const { loaded, lastRows } = await lockAndLoad(connection, { tables, known }, request);
  const write = decide(loaded);
  if (write === null) {
    if (loaded.rowHashes.size === 0) {
      await connection.run("ROLLBACK");
      return;
    }
    await connection.run(touch);
    await connection.commit();
  } else {
    const origins = await writeBatch(connection, tables, write, lastRows);
    await connection.commit();
    known.committed(write, origins, write.to.rowHash);
  }
  turns.committed(startMs);
}

async function inventory(connection: Connection, tables: MysqlTables): Promise<Inventory> {
  const head = headOf(rowsAt(await connection.run(selectHead), 0));
  const records = new Map<AnyTable, number>();
  for (const table of [...tables.keys()].filter(({ kind }) => kind !== "derived")) {
    const [count] = await connection.rows(`SELECT COUNT(*) FROM ${table.name}`);
    records.set(table, Number(count?.[0]));
  }
  return { head, records };
}

export async function keyChecks(connection: Connection): Promise<readonly Uint8Array[]> {
  const rows = await connection.rows("SELECT sealed FROM key_check ORDER BY id");
  return rows.flatMap(([sealed]) => (Buffer.isBuffer(sealed) ? [sealed] : []));
}

async function initKeyCheck(connection: Connection, check: Uint8Array): Promise<Uint8Array> {
  await connection.run("INSERT IGNORE INTO key_check (id, sealed) VALUES (1, ?)", [Buffer.from(check)]);
  await connection.commit();
  const [stored] = await keyChecks(connection);
  await connection.run("ROLLBACK");
  if (stored === undefined) {
    throw new StoreFailure("unavailable", "the key check was not stored");
  }
  return stored;
}
