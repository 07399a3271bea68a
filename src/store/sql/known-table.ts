import { BoundedMap } from "../../base/index.ts";
import {
  type AnyRecord,
  type AnyTable,
  keyText,
  type LoadedMac,
  shapeOf,
  type TableWrite,
} from "../../ledger/index.ts";
import { recordReader, textOf } from "./records.ts";
import { exactBytes } from "./stored.ts";

/** What a row is. */
export interface KnownRow {
  readonly row: readonly unknown[];
  readonly record: AnyRecord;
  /** Only of vouched tables. */
  readonly mac: LoadedMac | undefined;
  /** Whether it was found to be what the log says of its last change. */
  isAsRecorded: boolean;
  /** When it was loaded or written last. */
  era: number;
}

const maxRows = 4_096;
/** A record with larger values is not remembered. */
const maxRowBytes = 4_096;
const maxLists = 4_096;
/** A longer list is not remembered. */
const maxListed = 16;

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
      return { row, record: this.#recordOf(row), mac: undefined, isAsRecorded: false, era: this.#era };
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
    const record = this.#recordOf(row);
    if (shapeOf(this.#table).weighRoughly(record) > maxRowBytes) {
      return this.#vouched(row, record);
    }
    // A driver's buffer may be a part of a much larger one.
    const own = row.map((value) => (Buffer.isBuffer(value) ? Buffer.from(value) : value));
    const seen = this.#vouched(own, this.#recordOf(own));
    this.#rows.set(key, seen);
    return seen;
  }

  #vouched(row: readonly unknown[], record: AnyRecord): KnownRow {
    const mac = { bytes: exactBytes(row[this.#table.columns.length]), isRight: false };
    return { row, record, mac, isAsRecorded: false, era: this.#era };
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
    if (rows.length <= most) {
      this.#lists.set(listText(label, by), rows);
    }
  }

  /** Takes over what a batch has written. */
  committed({ deletes, inserts, updates, counts, appends }: TableWrite): void {
    const { keyOf, weighRoughly } = shapeOf(this.#table);
    for (const record of deletes) {
      this.forget(keyOf(record));
    }
    for (const { record, mac } of [...inserts, ...updates]) {
      // What is counted stands in a row of its own.
      if (mac === undefined || this.#table.counters !== undefined || weighRoughly(record) > maxRowBytes) {
        this.forget(keyOf(record));
      } else {
        this.#rows.set(keyOf(record), {
          row: notLoaded,
          record,
          mac: { bytes: mac, isRight: true },
          isAsRecorded: true,
          era: this.#era,
        });
      }
    }
    for (const record of counts) {
      this.forget(keyOf(record));
    }
    if (deletes.length + inserts.length + updates.length + appends.length > 0) {
      this.#lists = new BoundedMap(maxLists);
    }
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
