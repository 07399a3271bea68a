import type { AnyTable, AuditRow, Column, StoredRow, StoredValue } from "../../ledger/index.ts";
import { exactText } from "./exact-text.ts";

// A table may hold anything when verification reads it: an attacker may have altered its rows, and its columns. So
// nothing here throws, and nothing here mends.

/** A row of `audit_log` whose columns come in the order of `auditColumns`. */
export function auditRowOf(columns: readonly unknown[]): AuditRow {
  return {
    seq: numberOf(columns[0]),
    id: exactText(columns[1]),
    originId: exactText(columns[2]),
    zeqondNumber: numberOf(columns[3]),
    actorZid: exactText(columns[4]),
    transitionType: exactText(columns[5]),
    transitionId: exactText(columns[6]),
    payloadJson: exactText(columns[7]),
    proofPurpose: exactText(columns[8]),
    proofDigest: exactText(columns[9]),
    prevHash: exactText(columns[10]),
    createdAt: exactText(columns[11]),
    rowHash: exactText(columns[12]),
  };
}

/** A row of a table exactly as it is stored; `columns` come in the order of the declaration. */
export function storedRowOf({ columns: declared }: AnyTable, columns: readonly unknown[]): StoredRow {
  return declared.map((column, index) => exactValue(column, columns[index]));
}

function exactValue({ type, optional }: Column, value: unknown): StoredValue {
  if (value === null && optional) {
    return null;
  }
  switch (type) {
    case "integer":
      return numberOf(value);
    case "bytes":
      return exactBytes(value);
    default:
      return exactText(value);
  }
}

/** NaN for what is no number, or not written as one would be. Beyond 2^53, where we have none, a neighbour of it. */
export function numberOf(value: unknown): number {
  if (typeof value === "number") {
    return value;
  }
  const text = exactText(value);
  return /^(0|-?[1-9][0-9]*)$/.test(text) ? Number(text) : Number.NaN;
}

/** The bytes of a column; of any other value, those of its text. */
export function exactBytes(value: unknown): Uint8Array {
  return Buffer.isBuffer(value) ? value : Buffer.from(exactText(value), "utf8");
}
