import { keyOf, type LedgerWrite, StoreFailure, type TableWrite } from "../../ledger/index.ts";
import { auditValues } from "../sql/index.ts";
import type { Statements } from "./statements.ts";
import { type SqliteTable, type SqliteTables, sqlOf } from "./tables.ts";

/** Writes a batch inside the open transaction; a row that is not as the batch saw it is a conflict. */
export function writeBatch(statements: Statements, tables: SqliteTables, write: LedgerWrite): void {
  const lastOfOrigin = new Map<string, number>();
  for (const row of write.rows) {
    const { originId, seq } = row;
    const before = lastOfOrigin.get(originId) ?? statements.lastOfOrigin.get(originId) ?? 0;
    statements.insertRow.run(...auditValues(row), before);
    lastOfOrigin.set(originId, seq);
  }
  for (const [originId, seq] of lastOfOrigin) {
    statements.putOrigin.run(originId, seq);
  }
  for (const ofTable of write.tables) {
    writeTable(sqlOf(tables, ofTable.table), ofTable, write.nowZeqond);
  }
  const { from, to } = write;
  exactlyOne(statements.moveHead.run(to.seq, to.rowHash, from.seq, from.rowHash), "move the head");
}

function writeTable(sql: SqliteTable, write: TableWrite, nowZeqond: number): void {
  const { table, counters, derivation } = sql;
  for (const record of write.deletes) {
    exactlyOne(sql.removeRow.run(...sql.place(record, sql.shape.versionOf(record))), `delete from ${table.name}`);
    sql.removeCounters.run(...(counters?.values(record).slice(0, 1) ?? []));
  }
  for (const written of write.inserts) {
    sql.insertRow.run(...sql.values(written));
    sql.putCounters.run(...(counters?.values(written.record) ?? []));
  }
  for (const update of write.updates) {
    const changed = sql.updateRow.run(...sql.values(update), ...sql.place(update.record, update.fromVersion));
    exactlyOne(changed, `update ${table.name}`);
  }
  for (const record of write.counts) {
    sql.putCounters.run(...(counters?.values(record) ?? []));
  }
  for (const record of write.appends) {
    sql.insertRow.run(...sql.values({ record }));
    if (derivation !== undefined) {
      const by = keyOf(table.lookups[derivation.lookup] ?? [], record);
      sql.forget.run(...by, nowZeqond - derivation.lookedAtZeqonds);
    }
  }
}

function exactlyOne(result: { readonly changes: number }, what: string): void {
  if (result.changes !== 1) {
    throw new StoreFailure("conflict", `could not ${what}: a row is not as it was loaded`);
  }
}
