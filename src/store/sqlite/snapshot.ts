import type { VaultRow } from "../../domain/vault-row.ts";
import type { AuditRow } from "../../ledger/row.ts";
import { type Denial, type Snapshot, StoreFailure } from "../../ledger/store.ts";
import { auditColumns } from "../columns.ts";
import { failureOf, type Sqlite } from "./database.ts";
import { type AuditRecord, auditRowOf, type SecretRecord, selectSecret, vaultRowOf } from "./statements.ts";

const pageRows = 1_000;

/** A read transaction on a connection of its own: the write-ahead log keeps its view while writers go on. */
export function openSqliteSnapshot(database: Sqlite): Snapshot {
  database.exec("BEGIN");
  const head = database
    .prepare<[], { seq: number; row_hash: string }>("SELECT seq, row_hash FROM audit_head WHERE id = 1")
    .get();
  if (head === undefined) throw new StoreFailure("unavailable", "the head of the audit log is gone");
  return {
    head: { seq: head.seq, rowHash: head.row_hash },
    rows: () => pages<AuditRecord, AuditRow>(database, `SELECT ${auditColumns} FROM audit_log`, "seq", auditRowOf),
    secrets: () => pages<SecretRecord, VaultRow>(database, selectSecret, "name", vaultRowOf),
    denials: () => pages<Denial, Denial>(database, "SELECT seq, zid, zeqond FROM denial", "seq", (row) => row),
    async close() {
      database.close();
    },
  };
}

/** Pages by key, so that memory stays flat however long the table is. `key` is a column of ours, never input. */
async function* pages<R, T>(
  database: Sqlite,
  select: string,
  key: keyof R & string,
  convert: (record: R) => T,
): AsyncIterable<readonly T[]> {
  const first = database.prepare<[number], R>(`${select} ORDER BY ${key} LIMIT ?`);
  const next = database.prepare<[unknown, number], R>(`${select} WHERE ${key} > ? ORDER BY ${key} LIMIT ?`);
  try {
    let records = first.all(pageRows);
    while (records.length > 0) {
      yield records.map(convert);
      records = next.all(records.at(-1)?.[key], pageRows);
    }
  } catch (error) {
    throw failureOf(error);
  }
}
