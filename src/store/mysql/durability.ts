import type { Durability } from "../../base/index.ts";
import type { Connection } from "./connection.ts";

/** The settings without which an acknowledged commit can be lost with its machine, and what they must be. */
const wanted: Readonly<Record<string, string>> = { innodb_flush_log_at_trx_commit: "1", sync_binlog: "1" };

/** Asks the server how it treats a commit. A Galera cluster or a server without a binary log needs no `sync_binlog`. */
export async function durabilityOf(connection: Connection): Promise<Durability> {
  const rows = await connection.rows(
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('innodb_flush_log_at_trx_commit', 'sync_binlog', 'log_bin')",
  );
  const settings = new Map(rows.map(([name, value]) => [String(name), String(value)]));
  const wrong = Object.entries(wanted)
    .filter(([name]) => name !== "sync_binlog" || settings.get("log_bin") === "ON")
    .filter(([name, value]) => settings.has(name) && settings.get(name) !== value)
    .map(([name, value]) => `${name} is ${settings.get(name)} and should be ${value}`);
  return wrong.length === 0 ? { durable: true } : { durable: false, detail: wrong.join("; ") };
}
