import { auditColumns } from "../../ledger/row.ts";
import type { Inventory, LedgerWrite, Loaded, LoadRequest, Store } from "../../ledger/store.ts";
import { StoreFailure } from "../../ledger/store.ts";
import type { OnMigration } from "../migrations.ts";
import { auditRowOf } from "../rows.ts";
import { type Connection, type MysqlOptions, openConnection } from "./connection.ts";
import { durabilityOf } from "./durability.ts";
import { createLine } from "./line.ts";
import { openMysqlListing } from "./listing.ts";
import { headOf, lockAndLoad, rowsAt, selectAudit, selectHead, textOf } from "./load.ts";
import { migrate } from "./migrate.ts";
import { listPage } from "./pages.ts";
import { readAtLeast } from "./read-at-least.ts";
import { createRehearsal } from "./rehearsal.ts";
import { despiteRivals } from "./rivals.ts";
import { openMysqlSnapshot } from "./snapshot.ts";
import { writeBatch } from "./write.ts";

// Beyond these the connection is given up. What a caller waits at most follows from them: docs/operations.md.

/** The time that the database has for one batch, the wait for the head included. */
const batchAnswersWithinMs = 8_000;
/** The time that it has for one read beside the chain. */
const readAnswersWithinMs = 5_000;

/** MySQL, and what speaks its protocol. Brings the schema up to date before it returns. */
export async function openMysqlStore(options: MysqlOptions, onMigration?: OnMigration): Promise<Store> {
  await migrate(options, onMigration);
  // Metadata, health and the daemon's questions must not wait behind a batch.
  const reader = createLine({
    open: () => openConnection(options, "reader"),
    answersWithinMs: readAnswersWithinMs,
    triesAgain: true,
  });
  const rehearsal = createRehearsal(() => openConnection(options, "ledger"));
  const writer = createLine({
    open: () => openConnection(options, "ledger"),
    answersWithinMs: batchAnswersWithinMs,
    // The sequencer knows when that is right.
    triesAgain: false,
    // After a failover they would look at different servers.
    onGivenUp() {
      reader.renew();
      rehearsal.renew();
    },
  });
  return {
    inProcess: false,
    transact: (request, decide) => writer.use((connection) => transact(connection, request, decide)),
    listSecrets: (afterName, limit, atLeast) =>
      reader.use((connection) =>
        listPage((sql, values) => readAtLeast(connection, atLeast, sql, values), afterName, limit),
      ),
    auditRows: (originId, limit, atLeast, beforeSeq = Number.MAX_SAFE_INTEGER) =>
      reader.use(async (connection) => {
        const sql = `${selectAudit} WHERE origin_id = ? AND LEFT(transition_type, 7) = 'secret_' AND seq < ?
          ORDER BY seq DESC LIMIT ?`;
        const rows = await readAtLeast(connection, atLeast, sql, [originId, beforeSeq, limit]);
        return rows.map((row) => auditRowOf(auditColumns.map((column): unknown => row[column])));
      }),
    openListing: (afterName, atLeast) => openMysqlListing(options, afterName, atLeast),
    dueSecrets: (zeqond, afterName, limit) =>
      reader.use(async (connection) => {
        const sql = "SELECT name FROM secret WHERE expires_zeqond <= ? AND name > ? ORDER BY name LIMIT ?";
        return (await connection.rows(sql, [zeqond, afterName ?? "", limit])).map(([name]) => textOf(name));
      }),
    openSnapshot: () => openMysqlSnapshot(options),
    keyCheck: () => reader.use(keyCheck),
    initKeyCheck: (check) => despiteRivals(() => writer.use((connection) => initKeyCheck(connection, check))),
    ping: () => reader.use(durabilityOf),
    inventory: () => reader.use(inventory),
    rehearse: rehearsal.run,
    async close() {
      await Promise.all([writer.close(), reader.close(), rehearsal.close()]);
    },
  };
}

async function transact(
  connection: Connection,
  request: LoadRequest,
  decide: (loaded: Loaded) => LedgerWrite | null,
): Promise<void> {
  const loaded = await lockAndLoad(connection, request);
  const write = decide(loaded);
  if (write === null && loaded.rowHashes.size === 0) {
    await connection.run("ROLLBACK");
    return;
  }
  await (write === null ? touchLog(connection) : writeBatch(connection, write));
  await connection.commit();
}

/**
 * InnoDB lets go of its locks, and shows what was committed, before its log is on the disk. Who answers for a row that he
 * only saw must see to that first: a row that comes and goes changes nothing, and its COMMIT syncs the log up to here.
 */
async function touchLog(connection: Connection): Promise<void> {
  await connection.run(["INSERT INTO denial (seq, zid, zeqond) VALUES (0, '', 0)", "DELETE FROM denial WHERE seq = 0"]);
}

async function inventory(connection: Connection): Promise<Inventory> {
  const head = headOf(rowsAt(await connection.run(selectHead), 0));
  const [count] = await connection.rows("SELECT COUNT(*) FROM secret");
  return { head, secrets: Number(count?.[0]) };
}

async function keyCheck(connection: Connection): Promise<Uint8Array | null> {
  const [row] = await connection.rows("SELECT sealed FROM key_check WHERE id = 1");
  const sealed = row?.[0];
  return Buffer.isBuffer(sealed) ? sealed : null;
}

async function initKeyCheck(connection: Connection, check: Uint8Array): Promise<Uint8Array> {
  await connection.run("INSERT IGNORE INTO key_check (id, sealed) VALUES (1, ?)", [Buffer.from(check)]);
  await connection.commit();
  const stored = await keyCheck(connection);
  await connection.run("ROLLBACK");
  if (stored === null) {
    throw new StoreFailure("unavailable", "the key check was not stored");
  }
  return stored;
}
