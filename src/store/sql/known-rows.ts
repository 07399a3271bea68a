import { BoundedMap } from "../../base/index.ts";
import { type AnyRecord, type AnyTable, keyText, type LoadedMac, shapeOf } from "../../ledger/index.ts";
import { recordReader, textOf } from "./records.ts";
import { exactBytes } from "./stored.ts";

/** What a row is. */
export interface KnownRow {
  readonly row: readonly unknown[];
  readonly record: AnyRecord;
  readonly mac: LoadedMac;
}

const maxKnown = 4_096;
/** A record with larger values is not remembered. */
const maxKnownBytes = 4_096;

/**
 * The rows of a vouched table that were loaded last: a row with the same bytes is the same record, whose MAC need not be
 * checked again.
 */
export class KnownRows {
  readonly #table: AnyTable;
  readonly #keyAt: readonly number[];
  readonly #recordOf: (row: readonly unknown[]) => AnyRecord;
  #known = new BoundedMap<KnownRow>(maxKnown);

  constructor(table: AnyTable) {
    this.#table = table;
    this.#keyAt = table.key.map((field) => table.columns.findIndex((column) => column.field === field));
    this.#recordOf = recordReader(table);
  }

  /** What a row is that was loaded now. */
  see(row: readonly unknown[]): KnownRow {
    const key = keyText(this.#keyAt.map((index) => textOf(row[index])));
    const known = this.#known.get(key);
    if (known !== undefined && isSameRow(known.row, row)) {
      return known;
    }
    const record = this.#recordOf(row);
    if (shapeOf(this.#table).weighRoughly(record) > maxKnownBytes) {
      return this.#describe(row, record);
    }
    // A driver's buffer may be a part of a much larger one.
    const own = row.map((value) => (Buffer.isBuffer(value) ? Buffer.from(value) : value));
    const seen = this.#describe(own, this.#recordOf(own));
    this.#known.set(key, seen);
    return seen;
  }

  /** The row that was seen last under a key, for a store that knows that nobody has written it since. */
  get(key: string): KnownRow | undefined {
    return this.#known.get(key);
  }

  forget(key: string): void {
    this.#known.delete(key);
  }

  forgetAll(): void {
    this.#known = new BoundedMap<KnownRow>(maxKnown);
  }

  #describe(row: readonly unknown[], record: AnyRecord): KnownRow {
    return { row, record, mac: { bytes: exactBytes(row[this.#table.columns.length]), isRight: false } };
  }
}

/** Drivers give texts, numbers, null and buffers. */
function isSameRow(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.length !== other.length) {
    return false;
  }
  for (let index = 0; index < one.length; index++) {
    const value = one[index];
    const now = other[index];
    if (value !== now && !(Buffer.isBuffer(value) && Buffer.isBuffer(now) && value.equals(now))) {
      return false;
    }
  }
  return true;
}
