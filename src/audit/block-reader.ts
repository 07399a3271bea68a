import { isUtf8 } from "node:buffer";
import { type AuditRow, auditColumns, rowPrefix, separatorHex } from "../ledger/index.ts";

type AuditColumn = (typeof auditColumns)[number];

/** The index of each column in `auditColumns`. */
export const at = Object.fromEntries(auditColumns.map((column, index) => [column, index])) as Readonly<
  Record<AuditColumn, number>
>;

const separatorLength = separatorHex.length / 2;
const hashLength = 64;
const hashColumns: readonly AuditColumn[] = ["proof_digest", "prev_hash", "row_hash"];
/** The fixed length of a column, 0 for a variable one. */
const lengths = Int32Array.from(auditColumns, (column) => (hashColumns.includes(column) ? hashLength : 0));
/** Numbers with more digits may exceed the safe integers. */
const maxDigits = 15;

/**
 * Iterates over the rows of a block, and rejects rows whose column boundaries are ambiguous.
 *
 * The database writes one separator per column. So when the number of rows found equals its count and no byte is left
 * over, every zero byte belongs to a separator, and the boundaries found are the real ones. Hash columns are not
 * searched for zero bytes: callers MUST compare them with computed hashes.
 */
export class BlockReader {
  readonly bytes: Buffer;
  /** The offsets at which the columns of the current row begin and end. */
  readonly starts = new Int32Array(auditColumns.length);
  readonly ends = new Int32Array(auditColumns.length);
  readonly #view: DataView;
  #start = 0;
  #end = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    // Checked here, because `next` writes lengths that are not UTF-8. Invalid UTF-8 yields no rows.
    if (!isUtf8(bytes)) {
      this.#end = bytes.length + 1;
    }
  }

  /** Whether every byte was read. */
  get isAtEnd(): boolean {
    return this.#end === this.bytes.length;
  }

  /** The length of the current row in bytes. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Moves to the next row and writes the lengths of its columns; false at the end, and for an ambiguous row. */
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

  /** A column of ASCII, such as a hash or a type; its content is not checked. */
  ascii(column: number): string {
    return this.bytes.toString("latin1", this.starts[column], this.ends[column]);
  }

  text(column: number): string {
    return this.bytes.toString("utf8", this.starts[column], this.ends[column]);
  }

  /** A decimal number of at most `maxDigits` without leading zeros; NaN for anything else. */
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

/** The offset of the first zero byte from `start` on, or the end. */
function endOfText(bytes: Buffer, view: DataView, start: number): number {
  let end = start;
  // Tests four bytes at a time: the expression is non-zero if and only if one of the bytes is zero.
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
