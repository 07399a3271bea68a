import {
  type AuditRow,
  keyOf,
  type LedgerWrite,
  othersKeptZeqonds,
  StoreFailure,
  type TableWrite,
} from "../../ledger/index.ts";
import { auditValues, linkOrigins, type OriginWrite } from "../sql/index.ts";
import type { Context, LastRows } from "./load.ts";
import { type SqliteTable, sqlOf } from "./tables.ts";

/**
 * Writes a batch inside the open transaction; a row that is not as the batch saw it is a conflict. Answers what it leaves of
 * its origins.
 */
export function writeBatch(
  { statements, tables, known }: Context,
  write: LedgerWrite,
  lastRows: LastRows,
): readonly OriginWrite[] {
  const lastOf = (originId: string) =>
    lastRows.get(originId) ?? known.lastOf(originId) ?? statements.lastOfOrigin.get(originId) ?? 0;
  const { before, origins } = linkOrigins(write, (table) => sqlOf(tables, table), lastOf);
  for (let index = 0; index < write.rows.length; index++) {
    statements.insertRow.run(...auditValues(write.rows[index] as AuditRow), before[index]);
  }
  for (const { originId, lastSeq, count, latest } of origins) {
    if (count === undefined) {
      statements.putOrigin.run(originId, lastSeq);
    } else {
      statements.putCounted.run(originId, lastSeq, count, latest);
    }
  }
  for (const ofTable of write.tables) {
    writeTable(sqlOf(tables, ofTable.table), ofTable, write.nowZeqond);
  }
  const { from, to } = write;
  exactlyOne(statements.moveHead.run(to.seq, to.rowHash, from.seq, from.rowHash), "move the head");
  return origins;
}

function writeTable(sql: SqliteTable, write: TableWrite, nowZeqond: number): void {
  const { table, derivation } = sql;
  for (const record of write.deletes) {
    exactlyOne(sql.removeRow.run(...sql.place(record, sql.shape.versionOf(record))), `delete from ${table.name}`);
  }
  for (const written of write.inserts) {
    sql.insertRow.run(...sql.values(written));
  }
  for (const update of write.updates) {
    const changed = sql.updateRow.run(...sql.values(update), ...sql.place(update.record, update.fromVersion));
    exactlyOne(changed, `update ${table.name}`);
  }
  for (const record of write.appends) {
    sql.insertRow.run(...sql.values({ record }));
    if (derivation !== undefined) {
      const by = keyOf(table.lookups[derivation.lookup] ?? [], record);
      const old = nowZeqond - derivation.lookedAtZeqonds;
      sql.forget.run(...by, old);
      sql.forgetFirst.run(old - othersKeptZeqonds);
    }
  }
}

function exactlyOne(result: { readonly changes: number }, what: string): void {
  if (result.changes !== 1) {
    throw new StoreFailure("conflict", `could not ${what}: a row is not as it was loaded`);
  }
}
