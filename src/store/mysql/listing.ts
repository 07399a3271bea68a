import { type Head, type Listing, type Selection, StoreFailure } from "../../ledger/index.ts";
import { textOf } from "../sql/index.ts";
import { type Connection, guarded, type MysqlOptions, openConnection } from "./connection.ts";
import { rowsAt } from "./load.ts";
import { countSelected, type Read, readPage } from "./pages.ts";
import type { MysqlTable } from "./tables.ts";

/** A consistent view on a connection of its own, for as long as it is read. */
export async function openMysqlListing(
  options: MysqlOptions,
  sql: MysqlTable,
  select: Selection,
  atLeast: Head,
): Promise<Listing<object>> {
  const connection = await openConnection(options, "snapshot");
  return await guarded(connection, async () => {
    await connection.run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    await connection.run("START TRANSACTION WITH CONSISTENT SNAPSHOT");
    await mustSee(connection, atLeast);
    const count = countSelected(sql, select);
    const [counted] = await connection.rows(count.sql, count.values);
    const read: Read = async (text, values) => rowsAt(await connection.run(text, values), 0);
    return {
      count: Number(counted?.[0] ?? 0),
      next: (key, limit) => guarded(connection, () => readPage(read, sql, { ...select, after: key }, limit)),
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
