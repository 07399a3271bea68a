import { BoundedMap } from "../../base/index.ts";
import {
  type AnyRecord,
  type AnyTable,
  keyText,
  type LoadedMac,
  shapeOf,
  type TableWrite,
  type VouchedRecord,
} from "../../ledger/index.ts";
import { recordReader, textOf } from "./records.ts";
import { exactBytes } from "./stored.ts";

/** What a row is. */
export interface KnownRow {
  readonly row: readonly unknown[];
  readonly record: AnyRecord;
  /** Only of vouched tables. */
  readonly mac: LoadedMac | undefined;
  /** The size of its values. */
  readonly bytes: number;
  /** Whether it was found to be what the log says of its last change. */
  isAsRecorded: boolean;
  /** When it was loaded or written last. */
  era: number;
}

const maxRows = 4_096;
/** A larger row is not remembered. */
const maxRowBytes = 4_096;
const maxLists = 4_096;
/** A longer list is not remembered, */
const maxListed = 16;
/** nor one whose rows are larger together: they are held also when they are no longer remembered by their keys. */
const maxListBytes = 8_192;

/** The longest time for which anything is known. */
export const knownForZeqonds = 13;
/** That there is no derived record is remembered when there was none this much earlier and later either. */
export const knownMarginZeqonds = 2 * knownForZeqonds;

/**
 * The rows of one table that were loaded last. A row with the same bytes is the same record, and its MAC need not be checked
 * again. Until the next era, one whose MAC was right need not be loaded again either.
 */
export class KnownTable {
  readonly #table: AnyTable;
  readonly #keyAt: readonly number[];
  readonly #recordOf: (row: readonly unknown[]) => AnyRecord;
  readonly #rows = new BoundedMap<KnownRow>(maxRows);
  #era = 0;
  #lists = new BoundedMap<readonly KnownRow[]>(maxLists);

  constructor(table: AnyTable) {
    this.#table = table;
    this.#keyAt = table.key.map((field) => table.columns.findIndex((column) => column.field === field));
    this.#recordOf = recordReader(table);
  }

  /** What a row is that was loaded now. */
  see(row: readonly unknown[]): KnownRow {
    // Of what is not vouched for, nothing is remembered but that it is not there.
    if (!this.#table.vouched) {
      return { row, record: this.#recordOf(row), mac: undefined, bytes: 0, isAsRecorded: false, era: this.#era };
    }
    const key = keyText(this.#keyAt.map((index) => textOf(row[index])));
    const known = this.#rows.get(key);
    if (known !== undefined && isSameRow(known.row, row)) {
      if (known.era !== this.#era) {
        known.era = this.#era;
        known.isAsRecorded = false;
      }
      return known;
    }
    const bytes = bytesOfRow(row);
    if (bytes > maxRowBytes) {
      this.#rows.delete(key);
      return this.#vouched(row, bytes);
    }
    const seen = this.#vouched(ownRow(row), bytes);
    this.#rows.set(key, seen);
    return seen;
  }

  #vouched(row: readonly unknown[], bytes: number, found = { isRight: false, isAsRecorded: false }): KnownRow {
    const { isRight, isAsRecorded } = found;
    const mac = { bytes: exactBytes(row[this.#table.columns.length]), isRight };
    return { row, record: this.#recordOf(row), mac, bytes, isAsRecorded, era: this.#era };
  }

  /** The row of a key, which need not be loaded. */
  row(key: string): KnownRow | undefined {
    const known = this.#rows.get(key);
    return known !== undefined && this.#isGood(known) ? known : undefined;
  }

  /** The rows of a lookup, which need not be loaded; `by` is the text of its values. */
  list(label: string, by: string): readonly KnownRow[] | undefined {
    const list = this.#lists.get(listText(label, by));
    return list?.every((known) => this.#isGood(known)) ? list : undefined;
  }

  /** A row that is not right is loaded each time: it may be put right. */
  #isGood({ era, mac }: KnownRow): boolean {
    return era === this.#era && mac?.isRight === true;
  }

  seeList(label: string, by: string, rows: readonly KnownRow[]): void {
    // Counters change with every row of the log about a record, and which derived records are loaded with time.
    const most = this.#table.vouched && this.#table.counters === undefined ? maxListed : 0;
    // Only rows that are small have memory of their own.
    const isSmall = rows.every(({ bytes }) => bytes <= maxRowBytes);
    if (rows.length <= most && isSmall && rows.reduce((sum, { bytes }) => sum + bytes, 0) <= maxListBytes) {
      this.#lists.set(listText(label, by), rows);
    }
  }

  /** Takes over what a batch has written. */
  committed({ deletes, inserts, updates, counts, appends }: TableWrite): void {
    const { keyOf } = shapeOf(this.#table);
    for (const record of [...deletes, ...counts]) {
      this.forget(keyOf(record));
    }
    for (const written of [...inserts, ...updates]) {
      this.#write(written);
    }
    if (deletes.length + inserts.length + updates.length + appends.length > 0) {
      this.#lists = new BoundedMap(maxLists);
    }
  }

  #write({ record, mac }: VouchedRecord): void {
    const { keyOf, store } = shapeOf(this.#table);
    const values = [...store(record), mac];
    const bytes = bytesOfRow(values);
    // What is counted stands in a row of its own.
    if (mac === undefined || this.#table.counters !== undefined || bytes > maxRowBytes) {
      this.forget(keyOf(record));
      return;
    }
    const written = this.#vouched(ownRow(values), bytes, { isRight: true, isAsRecorded: true });
    this.#rows.set(keyOf(record), { ...written, row: notLoaded });
  }

  forget(key: string): void {
    this.#rows.delete(key);
  }

  beginEra(): void {
    this.#era += 1;
    this.#lists = new BoundedMap(maxLists);
  }
}

/** Of a record that was written: no row that is loaded is the same. */
const notLoaded: readonly unknown[] = [];

function listText(label: string, by: string): string {
  return `${label}\u0000${by}`;
}

/** The size of a row as a driver gives it: every value, whatever its column may hold. */
function bytesOfRow(row: readonly unknown[]): number {
  let bytes = 0;
  for (const value of row) {
    bytes += typeof value === "string" || value instanceof Uint8Array ? value.length : 0;
  }
  return bytes;
}

/** The row in memory of its own: a driver's buffer may be a part of a much larger one, and so is a copy from Node's pool. */
function ownRow(row: readonly unknown[]): readonly unknown[] {
  const parts = row.filter((value) => value instanceof Uint8Array);
  const own = Buffer.allocUnsafeSlow(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  return row.map((value) => {
    if (!(value instanceof Uint8Array)) {
      return value;
    }
    const begin = end;
    own.set(value, begin);
    end += value.length;
    return own.subarray(begin, end);
  });
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
