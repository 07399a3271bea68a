import { type LedgerWrite, StoreFailure } from "../../ledger/store.ts";
import { auditValues, secretValues } from "../columns.ts";
import type { Statements } from "./statements.ts";

/** Writes a batch inside the open transaction; a row that is not as the batch saw it is a conflict. */
export function writeBatch(statements: Statements, write: LedgerWrite): void {
  for (const row of write.rows) {
    statements.insertRow.run(...auditValues(row));
  }
  for (const secret of write.deletes) {
    exactlyOne(statements.deleteSecret.run(secret.id, secret.version), "delete a secret");
    statements.deleteCounter.run(secret.id);
  }
  for (const secret of write.inserts) {
    statements.insertSecret.run(...secretValues(secret));
    statements.putCounter.run(secret.id, secret.readCount, secret.lastReadZeqond);
  }
  for (const { secret, fromVersion } of write.updates) {
    const changed = statements.updateSecret.run(...secretValues(secret), secret.id, fromVersion);
    exactlyOne(changed, "update a secret");
  }
  for (const { secretId, readCount, lastReadZeqond } of write.reads) {
    statements.putCounter.run(secretId, readCount, lastReadZeqond);
  }
  for (const { seq, zid, zeqond } of write.denials) {
    statements.insertDenial.run(seq, zid, zeqond);
    statements.forgetDenials.run(zid, write.forgetDenialsUntilZeqond);
  }
  const { from, to } = write;
  exactlyOne(statements.moveHead.run(to.seq, to.rowHash, from.seq, from.rowHash), "move the head");
}

function exactlyOne(result: { readonly changes: number }, what: string): void {
  if (result.changes !== 1) {
    throw new StoreFailure("conflict", `could not ${what}: it is not as it was loaded`);
  }
}
