import { createConnection } from "mysql2/promise";
import { until } from "../../support/until.ts";
import type { Vault } from "./vault.ts";

/** Takes the lock on the chain head beside the server; what is recorded waits until it is let go. */
export async function holdHead(vault: Vault): Promise<() => Promise<void>> {
  const connection = await createConnection({ uri: vault.databaseUrl });
  await connection.query("START TRANSACTION");
  await connection.query("SELECT seq FROM audit_head WHERE id = 1 FOR UPDATE");
  return async () => {
    await connection.query("ROLLBACK");
    await connection.end();
  };
}

/** How many of the server's own connections wait for the lock. */
export async function serverWaits(vault: Vault): Promise<number> {
  const waiting = `SELECT id FROM information_schema.processlist
    WHERE db = DATABASE() AND id <> CONNECTION_ID() AND info LIKE '%FOR UPDATE%'`;
  return (await vault.sql(waiting)).length;
}

/** Once a batch waits for the lock, and the server has read what `calls` callers have sent. */
export async function untilServerHas(vault: Vault, calls: number): Promise<void> {
  await until(async () => (await serverWaits(vault)) > 0);
  // A health check on a new connection is answered only after what came before on the others was read.
  for (let round = 0; round < calls; round++) {
    await vault.sendBare("GET", "/healthz");
  }
}
