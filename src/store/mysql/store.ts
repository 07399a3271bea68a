import { isIP } from "node:net";
import { OperatorError } from "../../domain/operator-error.ts";
import type { LedgerWrite, Loaded, LoadRequest, Store } from "../../ledger/store.ts";
import { StoreFailure } from "../../ledger/store.ts";
import { auditRowOf } from "../rows.ts";
import { type Connection, guarded, type MysqlOptions, openConnection, type Use } from "./connection.ts";
import { durabilityOf } from "./durability.ts";
import { openMysqlListing } from "./listing.ts";
import { lockAndLoad, selectAudit, textOf } from "./load.ts";
import { migrate } from "./migrate.ts";
import { listPage } from "./pages.ts";
import { despiteRivals } from "./rivals.ts";
import { openMysqlSnapshot } from "./snapshot.ts";
import { writeBatch } from "./write.ts";

/** MySQL, and what speaks its protocol. Brings the schema up to date before it returns. */
export async function openMysqlStore(options: MysqlOptions): Promise<Store> {
  refuseUncheckedHost(options);
  await migrate(options);
  const writer = createLine(options, "ledger");
  // Metadata, health and the daemon's questions must not wait behind a batch.
  const reader = createLine(options, "reader");
  return {
    inProcess: false,
    transact: (request, decide) => writer.use((connection) => transact(connection, request, decide)),
    listSecrets: (afterName, limit) => reader.use((connection) => listPage(connection, afterName, limit)),
    auditRows: (originId, limit, beforeSeq = Number.MAX_SAFE_INTEGER) =>
      reader.use(async (connection) => {
        const sql = `${selectAudit} WHERE origin_id = ? AND LEFT(transition_type, 7) = 'secret_' AND seq < ?
          ORDER BY seq DESC LIMIT ?`;
        return (await connection.rows(sql, [bytes(originId), beforeSeq, limit])).map(auditRowOf);
      }),
    openListing: (afterName, atLeast) => openMysqlListing(options, afterName, atLeast),
    dueSecrets: (zeqond, afterName, limit) =>
      reader.use(async (connection) => {
        const sql = "SELECT name FROM secret WHERE expires_zeqond <= ? AND name > ? ORDER BY name LIMIT ?";
        return (await connection.rows(sql, [zeqond, bytes(afterName ?? ""), limit])).map(([name]) => textOf(name));
      }),
    openSnapshot: () => openMysqlSnapshot(options),
    keyCheck: () => reader.use(keyCheck),
    initKeyCheck: (check) => despiteRivals(() => writer.use((connection) => initKeyCheck(connection, check))),
    ping: () => reader.use(durabilityOf),
    async close() {
      await Promise.all([writer.close(), reader.close()]);
    },
  };
}

/** mysql2 compares the certificate of a server that is reached by its address with `localhost`, whatever the address. */
function refuseUncheckedHost({ host, tls }: MysqlOptions): void {
  if (tls === undefined || isIP(host) === 0) {
    return;
  }
  throw new OperatorError(
    "The database is to be reached over TLS, so its host must be the name in its certificate and not an IP address.",
  );
}

function bytes(text: string): Buffer {
  return Buffer.from(text, "utf8");
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

/** One connection, opened when it is needed and again after it broke; its users take turns. */
interface Line {
  use<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

function createLine(options: MysqlOptions, kind: Use): Line {
  let current: Connection | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let closed = false;
  const work = async <T>(job: (connection: Connection) => Promise<T>): Promise<T> => {
    if (closed) {
      throw new StoreFailure("unavailable", "the store is closed");
    }
    if (current === undefined || current.broken) {
      current = await openConnection(options, kind);
    }
    const connection = current;
    try {
      return await job(connection);
    } catch (error) {
      await abandon(connection, error);
      throw error;
    }
  };
  return {
    use(job) {
      const mine = turn.then(() => work(job));
      turn = mine.catch(() => undefined);
      return mine;
    },
    async close() {
      await turn;
      closed = true;
      if (current !== undefined && !current.broken) {
        await guarded(current, current.end).catch(() => undefined);
      }
    },
  };
}

/** After a conflict the connection is as good as before; after anything else nobody knows, so it goes. */
async function abandon(connection: Connection, error: unknown): Promise<void> {
  const usable = !(error instanceof StoreFailure) || error.kind === "conflict";
  if (!usable) {
    return connection.destroy();
  }
  await connection.run("ROLLBACK").catch(() => connection.destroy());
}
