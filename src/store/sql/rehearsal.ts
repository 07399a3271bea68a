// What a rehearsal writes and rolls back. No caller can write the same: names and ZIDs never contain `|`.

import { type AnyTable, type AuditRow, type ColumnType, type VouchedRecord, zeroHash } from "../../ledger/index.ts";

const nobody = "|rehearsal";
const noId = "00000000-0000-0000-0000-000000000000";
const noTime = "1970-01-01T00:00:00.000Z";
/** More than fits into the room that a page of the database has left. */
const payloadBytes = 16_384;

/** A record that is valid in its table, and that nobody can have written. */
export function rehearsedRecord({ columns, counters }: AnyTable): VouchedRecord {
  const record: Record<string, unknown> = {};
  for (const { field, type, optional, maxBytes = nobody.length } of columns) {
    record[field] = optional ? null : type === "text" ? nobody.slice(0, maxBytes) : values[type];
  }
  record["version"] = 1;
  if (counters !== undefined) {
    record[counters.count] = 0;
    record[counters.latest] = null;
  }
  return { record, mac: new Uint8Array() };
}

/** An integer is 0: no row of the log has this `seq`. */
const values: Readonly<Record<ColumnType, unknown>> = {
  uuid: noId,
  time: noTime,
  text: nobody,
  texts: [],
  integer: 0,
  bytes: new Uint8Array(),
};

export function rehearsedRow(seq: number): AuditRow {
  return {
    seq,
    id: noId,
    originId: nobody,
    zeqondNumber: 0,
    actorZid: nobody,
    transitionType: "rehearsal",
    transitionId: noId,
    payloadJson: " ".repeat(payloadBytes),
    proofPurpose: nobody,
    proofDigest: zeroHash,
    prevHash: zeroHash,
    rowHash: zeroHash,
    createdAt: noTime,
  };
}
