import { type StoredRow, shapeOf } from "./record.ts";
import type { AnyTable } from "./table.ts";

/** The last bytes of a payload, which hold a change's `version` and `sealed_digest`. */
export const payloadEndBytes = 128;

/** How the types of rows end that remove a record. */
export const removalEnds = ["delete", "deleted", "removed"] as const;

/** The text before the digest at a payload's end, and where it begins, counted from the end: 64 digits and `"}` follow. */
export const markText = '"sealed_digest":"';
export const markAtFromEnd = markText.length + 64 + '"}'.length;

/** The last row of the log that changed a record. */
interface ChangeRow {
  readonly transitionType: string;
  /** The end of its payload: at least `payloadEndBytes`, or all of a shorter payload. */
  readonly payloadEnd: string;
}

/** The end of a change's payload, by which a record can be compared with the log. */
interface ChangeMarks {
  readonly version: number;
  readonly sealed_digest: string;
}

/** The marks of a record. They MUST be the last fields of the payload that records its change. */
export function changeMarks(table: AnyTable, record: object): ChangeMarks {
  const shape = shapeOf(table);
  const fields = record as Readonly<Record<string, unknown>>;
  return { version: shape.versionOf(fields), sealed_digest: shape.digest(shape.store(fields)) };
}

// A caller's input cannot match: JSON escapes every quote inside a string.
const marks = /"version":([1-9][0-9]{0,15}),"sealed_digest":"([0-9a-f]{64})"\}$/;

/**
 * Whether a stored row, or its absence, matches its last change in the log. An attacker with write access to the tables
 * can restore an older row together with its seal; only the log shows that it is old.
 */
export function isAsRecorded(table: AnyTable, row: StoredRow | undefined, last: ChangeRow | undefined): boolean {
  if (last === undefined || last.transitionType === table.log?.removed) {
    return row === undefined;
  }
  const [, version, sealedDigest] = marks.exec(last.payloadEnd) ?? [];
  return row !== undefined && version === String(versionIn(table, row)) && sealedDigest === shapeOf(table).digest(row);
}

/** The version in a stored row. */
export function versionIn(table: AnyTable, row: StoredRow): unknown {
  return table.kind === "versioned" ? row[table.columns.findIndex(({ field }) => field === "version")] : 1;
}
