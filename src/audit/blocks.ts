import { hash } from "node:crypto";
import { type AuditRow, type Head, originPrefix, type RowBlock, type Snapshot, zeroHash } from "../ledger/index.ts";
import { at, BlockReader } from "./block-reader.ts";
import type { PointerSums } from "./pointers.ts";

/** Who wants to see the rows of a type. Most rows are of types that nobody asks for. */
export type Notes = ReadonlyMap<string, (row: AuditRow) => void>;

/**
 * Verifies the chain in blocks, which is twice as fast as row by row. True only for an intact log. False means that the
 * log must be verified row by row, which also finds out whether it is broken, and where.
 *
 * @param notes called, in order, for every row whose type has an entry
 */
export async function isWholeInBlocks(
  snapshot: Pick<Snapshot, "head" | "blocks">,
  notes: Notes,
  sums: PointerSums,
  onProgress?: (rows: number) => void | Promise<void>,
): Promise<boolean> {
  const { head } = snapshot;
  let last: Head = { seq: 0, rowHash: zeroHash };
  for await (const block of snapshot.blocks()) {
    const end = endOf(block, last, notes, sums);
    if (end === undefined) {
      return false;
    }
    last = end;
    await onProgress?.(last.seq);
  }
  // No blocks: the log is empty or cannot be read in blocks.
  return last.seq > 0 && last.seq === head.seq && last.rowHash === head.rowHash;
}

/** The last row of an intact block that follows `before`; undefined for any other block. */
function endOf(
  { count, bytes, before: pointers = "" }: RowBlock,
  before: Head,
  notes: Notes,
  sums: PointerSums,
): Head | undefined {
  const reader = new BlockReader(bytes);
  const pointerReader = new NumberReader(pointers);
  let { seq, rowHash } = before;
  for (const end = seq + count; seq < end; ) {
    seq++;
    if (!reader.next() || reader.number(at.seq) !== seq || Number.isNaN(reader.number(at.zeqond_number))) {
      return;
    }
    if (reader.ascii(at.prev_hash) !== rowHash) {
      return;
    }
    rowHash = hash("sha256", reader.hashed(), "hex");
    if (reader.ascii(at.row_hash) !== rowHash) {
      return;
    }
    if (reader.ascii(at.proof_digest) !== hash("sha256", proofOf(reader), "hex")) {
      return;
    }
    sums.addRow(bytes, reader.starts[at.origin_id] ?? 0, reader.ends[at.origin_id] ?? 0, seq, pointerReader.next());
    notes.get(reader.ascii(at.transition_type))?.(reader.row());
  }
  if (!pointerReader.isAtEnd) {
    sums.addNothing();
  }
  return reader.isAtEnd ? { seq, rowHash } : undefined;
}

/** Numbers in decimal with commas between them; NaN for anything else. */
class NumberReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  next(): number {
    let value = this.isAtEnd ? Number.NaN : 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const digit = this.#text.charCodeAt(this.#at) - zero;
      if (digit < 0 || digit > 9) {
        break;
      }
      value = value * 10 + digit;
    }
    this.#at++;
    return value;
  }
}

const zero = 0x30;

const origin = Buffer.from(originPrefix);
const bar = 0x7c;

let proof = Buffer.alloc(1_024);

/** The input of `proof_digest`; valid until the next call. */
function proofOf(reader: BlockReader): Buffer {
  const { bytes, starts } = reader;
  // The input is never longer than the row.
  if (proof.length < reader.length) {
    proof = Buffer.alloc(2 * reader.length);
  }
  const originAt = starts[at.origin_id] ?? 0;
  const subjectAt = holds(bytes, originAt, origin) ? originAt + origin.length : originAt;
  let end = copyTo(0, reader, at.origin_id, subjectAt);
  for (const column of [at.actor_zid, at.transition_id, at.proof_purpose]) {
    proof[end] = bar;
    end = copyTo(end + 1, reader, column, starts[column] ?? 0);
  }
  return proof.subarray(0, end);
}

/** Columns are so short that a loop is faster than `Buffer.copy`. */
function copyTo(offset: number, { bytes, ends }: BlockReader, column: number, start: number): number {
  const length = (ends[column] ?? 0) - start;
  for (let index = 0; index < length; index++) {
    proof[offset + index] = bytes[start + index] ?? 0;
  }
  return offset + length;
}

function holds(bytes: Buffer, start: number, text: Buffer): boolean {
  for (let index = 0; index < text.length; index++) {
    if (bytes[start + index] !== text[index]) {
      return false;
    }
  }
  return true;
}
