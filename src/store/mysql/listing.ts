import type { Head } from "../../ledger/row.ts";
import { type Listing, StoreFailure } from "../../ledger/store.ts";
import { type Connection, guarded, type MysqlOptions, openConnection } from "./connection.ts";
import { rowsAt, textOf } from "./load.ts";
import { listPage, type Read } from "./pages.ts";

/** A consistent view on a connection of its own, for as long as it is read. */
export async function openMysqlListing(
  options: MysqlOptions,
  afterName: string | null,
  atLeast: Head,
): Promise<Listing> {
  const connection = await openConnection(options, "snapshot");
  return await guarded(connection, async () => {
    await connection.run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    await connection.run("START TRANSACTION WITH CONSISTENT SNAPSHOT");
    await mustSee(connection, atLeast);
    const [counted] = await connection.rows("SELECT COUNT(*) FROM secret WHERE name > ?", [afterName ?? ""]);
    const read: Read = async (sql, values) => rowsAt(await connection.run(sql, values), 0);
    return {
      count: Number(counted?.[0] ?? 0),
      next: (name, limit) => guarded(connection, () => listPage(read, name, limit)),
      close: async () => connection.destroy(),
    };
  });
}

/** A new connection may lead to a server that lags behind. */
async function mustSee(connection: Connection, { seq, rowHash }: Head): Promise<void> {
  const [row] = await connection.rows("SELECT row_hash FROM audit_log WHERE seq = ?", [seq]);
  if (seq !== 0 && textOf(row?.[0]) !== rowHash) {
    throw new StoreFailure("unavailable", "the database that was reached lags behind");
  }
}
