import { isUtf8 } from "node:buffer";
import { type AuditRow, auditColumns, rowPrefix } from "./row.ts";

/**
 * Rows of the log as a database puts them together, many in one piece: nothing is made of a column that is only hashed.
 *
 * Each row is the prefix of its hash, then its columns in the order of `auditColumns`, each behind a separator, a NULL
 * being empty. Whoever reads the block writes lengths over the separators, and so has the very bytes that are hashed.
 */
export interface RowBlock {
  /** How many rows the database counted. */
  readonly count: number;
  readonly bytes: Buffer;
}

/** As long as the length of a field. No column of ours holds a control character. */
export const separatorHex = "00000000";

type AuditColumn = (typeof auditColumns)[number];

/** Where each column is in `auditColumns`. */
export const at = Object.fromEntries(auditColumns.map((column, index) => [column, index])) as Readonly<
  Record<AuditColumn, number>
>;

const separatorLength = separatorHex.length / 2;
const hashLength = 64;
const hashColumns: readonly AuditColumn[] = ["proof_digest", "prev_hash", "row_hash"];
/** The length of a column, 0 where any will do. */
const lengths = Int32Array.from(auditColumns, (column) => (hashColumns.includes(column) ? hashLength : 0));
/** More digits may not survive being a number. */
const maxDigits = 15;

/**
 * Goes through a block row by row, and finds columns only where there can be no doubt about them.
 *
 * The database brings as many separators as columns. So when as many rows were found as it counted, and no byte is left
 * over, then every zero byte is one of a separator, no column holds any, and what was found are the columns. For zeros
 * in hashes nobody looks: they MUST be compared with hashes.
 */
export class BlockReader {
  readonly bytes: Buffer;
  /** Where the columns of the row begin and end. */
  readonly starts = new Int32Array(auditColumns.length);
  readonly ends = new Int32Array(auditColumns.length);
  readonly #view: DataView;
  #start = 0;
  #end = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    // Here and now: lengths are no text. What is no text has no rows.
    if (!isUtf8(bytes)) {
      this.#end = bytes.length + 1;
    }
  }

  /** Whether all was read. */
  get isAtEnd(): boolean {
    return this.#end === this.bytes.length;
  }

  /** Of the row, in bytes. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Finds the next row and writes the lengths of its columns; false when there is none, or one that is in doubt. */
  next(): boolean {
    const { bytes, starts, ends } = this;
    const view = this.#view;
    const lastStart = bytes.length - 1;
    let end = this.#end + rowPrefix.length;
    this.#start = this.#end;
    for (let column = 0; column < lengths.length; column++) {
      const start = end + separatorLength;
      if (start > lastStart || view.getUint32(end) !== 0) {
        return false;
      }
      const length = lengths[column] ?? 0;
      end = length === 0 ? endOfText(bytes, view, start) : start + length;
      if (end === start || end > bytes.length) {
        return false;
      }
      view.setUint32(start - separatorLength, end - start);
      starts[column] = start;
      ends[column] = end;
    }
    this.#end = end;
    return true;
  }

  /** The bytes that the row's hash covers. */
  hashed(): Buffer {
    return this.bytes.subarray(this.#start, this.ends[at.created_at]);
  }

  /** A column that holds a hash, or whatever else. */
  hash(column: number): string {
    return this.bytes.toString("latin1", this.starts[column], this.ends[column]);
  }

  text(column: number): string {
    return this.bytes.toString("utf8", this.starts[column], this.ends[column]);
  }

  /** A number of few digits, written as we write it; NaN when it is anything else. */
  number(column: number): number {
    const { bytes } = this;
    const start = this.starts[column] ?? 0;
    const end = this.ends[column] ?? 0;
    if (end - start > maxDigits || (bytes[start] === zero && end > start + 1)) {
      return Number.NaN;
    }
    let value = 0;
    for (let index = start; index < end; index++) {
      const digit = (bytes[index] ?? 0) - zero;
      if (digit < 0 || digit > 9) {
        return Number.NaN;
      }
      value = value * 10 + digit;
    }
    return value;
  }

  row(): AuditRow {
    return {
      seq: this.number(at.seq),
      id: this.text(at.id),
      originId: this.text(at.origin_id),
      zeqondNumber: this.number(at.zeqond_number),
      actorZid: this.text(at.actor_zid),
      transitionType: this.text(at.transition_type),
      transitionId: this.text(at.transition_id),
      payloadJson: this.text(at.payload_json),
      proofPurpose: this.text(at.proof_purpose),
      proofDigest: this.text(at.proof_digest),
      prevHash: this.text(at.prev_hash),
      rowHash: this.text(at.row_hash),
      createdAt: this.text(at.created_at),
    };
  }
}

const zero = 0x30;

/** The first zero byte from `start` on, or the end. */
function endOfText(bytes: Buffer, view: DataView, start: number): number {
  let end = start;
  // Four at a time: a borrow reaches the highest bit of a byte that is zero.
  for (const last = bytes.length - 4; end <= last; end += 4) {
    const four = view.getUint32(end);
    if (((four - 0x0101_0101) & ~four & 0x8080_8080) !== 0) {
      break;
    }
  }
  while (end < bytes.length && bytes[end] !== 0) {
    end++;
  }
  return end;
}
