import { setTimeout as sleep } from "node:timers/promises";
import { type Head, StoreFailure } from "../../ledger/index.ts";
import { textOf } from "../sql/index.ts";
import type { Connection, Row } from "./connection.ts";
import { rowsAt } from "./load.ts";

/** How long a server that follows another one may take to catch up. */
const lagMs = 1_000;
const lookAgainMs = 50;

/**
 * Reads from a server that has the row `atLeast` of the log. A connection may look at another server than the one that
 * committed it (a failover, a read/write splitter, a node that lags behind): the transaction keeps both statements on
 * one server, and there, READ COMMITTED, the second sees all that the first one saw.
 */
export async function readAtLeast(
  connection: Connection,
  { seq, rowHash }: Head,
  sql: string,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  const packet = ["START TRANSACTION", "SELECT row_hash FROM audit_log WHERE seq = ?", sql, "COMMIT"];
  for (const giveUpAtMs = performance.now() + lagMs; ; await sleep(lookAgainMs)) {
    const results = await connection.run(packet, [seq, ...values]);
    const [proof] = rowsAt(results, 1);
    // Nothing to prove before the first row.
    if (seq === 0 || textOf(proof?.[0]) === rowHash) {
      return rowsAt(results, 2);
    }
    if (performance.now() > giveUpAtMs) {
      throw new StoreFailure("unavailable", "the connection for reads looks at a vault without the row just committed");
    }
  }
}
