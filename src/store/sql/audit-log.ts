import { type AuditRow, auditColumns, rowPrefix } from "../../ledger/index.ts";
/** The columns of a listed row, in the order of `auditColumns`, without its payload. */
export const listedColumns = auditColumns.map((column) => (column === "payload_json" ? "'' AS payload_json" : column));

/** SQL of a row of `audit_log` as blocks have it; `separator` is SQL, too. */
export function blockRow(separator: string): string {
  return `concat('${rowPrefix}', ${auditColumns.map((column) => `${separator}, ${column}`).join(", ")})`;
}

/** The values of a row of `audit_log`, in the order of `auditColumns`. */
export function auditValues(row: AuditRow): (string | number)[] {
  return [
    row.seq,
    row.id,
    row.originId,
    row.zeqondNumber,
    row.actorZid,
    row.transitionType,
    row.transitionId,
    row.payloadJson,
    row.proofPurpose,
    row.proofDigest,
    row.prevHash,
    row.createdAt,
    row.rowHash,
  ];
}
