import { randomBytes } from "node:crypto";
import type { LogPointers, Snapshot, WrongPointer } from "../ledger/index.ts";
import { type Difference, maxDifferences } from "./report.ts";

/**
 * Whether the pointers of the log are right, in constant memory.
 *
 * They are when each row is pointed to exactly once, by a later row of its origin or as the last one of it. So the
 * multiset of all pairs (origin, row) must equal that of all pairs (origin, pointer), pointers to no row aside, and
 * each row's pointer must be below it. Both multisets are summed up under a hash whose seeds are new each time, so that
 * nobody can have chosen pairs that cancel each other.
 */
export class PointerSums {
  readonly #seeds = randomBytes(8);
  readonly #seedA = this.#seeds.readInt32LE(0);
  readonly #seedB = this.#seeds.readInt32LE(4);
  #a = 0;
  #b = 0;
  #isWrong = false;

  /** A row of the log: its origin is in `bytes` from `start` to `end`. */
  addRow(bytes: Uint8Array, start: number, end: number, seq: number, before: number): void {
    this.#hash(bytes, start, end);
    this.#sum(seq, 1);
    if (before > 0) {
      this.#sum(before, -1);
    }
    this.#isWrong ||= !(before < seq);
  }

  /** The last row of an origin. */
  addLast(origin: Uint8Array, seq: number): void {
    this.#hash(origin, 0, origin.byteLength);
    this.#sum(seq, -1);
  }

  /** A block without the pointers of all its rows. */
  addNothing(): void {
    this.#isWrong = true;
  }

  get areRight(): boolean {
    return !this.#isWrong && this.#a === 0 && this.#b === 0;
  }

  #originA = 0;
  #originB = 0;

  #hash(bytes: Uint8Array, start: number, end: number): void {
    let a = this.#seedA;
    let b = this.#seedB ^ (end - start);
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul((b << 5) ^ (b >>> 27) ^ byte, 0x9e3779b1);
    }
    this.#originA = mixed(a);
    this.#originB = mixed(b);
  }

  #sum(seq: number, sign: 1 | -1): void {
    const high = Math.floor(seq / 0x1_0000_0000);
    const a = mixed(Math.imul(this.#originA ^ seq, 0x85ebca6b) ^ high ^ this.#seedB);
    const b = mixed(Math.imul(this.#originB + seq, 0xc2b2ae35) ^ high ^ this.#seedA);
    this.#a = (this.#a + sign * a) | 0;
    this.#b = (this.#b + sign * b) | 0;
  }
}

/** Every bit depends on every other (the finalizer of MurmurHash3). */
function mixed(value: number): number {
  let bits = value ^ (value >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/** `sums` has seen every row; undefined when the rows were not read in blocks. */
export async function comparePointers(
  { pointers }: Pick<Snapshot, "pointers">,
  sums: PointerSums | undefined,
): Promise<readonly Difference[]> {
  if (pointers === undefined || (sums !== undefined && (await areRight(pointers, sums)))) {
    return [];
  }
  const wrong = await pointers.wrong(maxDifferences);
  return wrong.map((one) => ({ table: undefined, name: null, seq: one.seq, why: why(one) }));
}

async function areRight(pointers: LogPointers, sums: PointerSums): Promise<boolean> {
  for await (const page of pointers.lasts()) {
    for (const [origin, seq] of page) {
      sums.addLast(origin, seq);
    }
  }
  return sums.areRight;
}

function why({ seq, originId, is, shouldBe }: WrongPointer): string {
  const row = (number: number | null) => (number === null || number === 0 ? "no row" : `row ${number}`);
  const what = seq === null ? `the last row of ${originId}` : "the row before it of the same origin";
  return `${what} is ${row(shouldBe)}, and its pointer says ${row(is)}`;
}
