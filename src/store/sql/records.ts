import { type AnyRecord, type AnyTable, type Column, parseTexts } from "../../ledger/index.ts";

/** A row as a driver gives it: values by the names of the columns. */
type DriverRow = Readonly<Record<string, unknown>>;

/** Makes records of a table from rows that have all its columns, and those of its counters. */
export function recordReader({ columns, counters }: AnyTable): (row: DriverRow) => AnyRecord {
  const readers = columns.map((column) => ({ ...column, read: readerOf(column) }));
  const counted = counters?.columns ?? [];
  return (row) => {
    const record: Record<string, unknown> = {};
    for (const { field, name, read } of readers) {
      record[field] = read(row[name]);
    }
    for (const { field, name, moves } of counted) {
      const value = row[name];
      record[field] = value === null || value === undefined ? (moves === "count" ? 0 : null) : Number(value);
    }
    return record;
  };
}

function readerOf({ type, optional }: Column): (value: unknown) => unknown {
  const read = readers[type];
  return optional ? (value) => (value === null ? null : read(value)) : read;
}

const readers: Readonly<Record<Column["type"], (value: unknown) => unknown>> = {
  uuid: textOf,
  time: textOf,
  text: textOf,
  texts: (value) => parseTexts(textOf(value)),
  integer: Number,
  bytes: (value) => (value instanceof Uint8Array ? value : Buffer.from(String(value))),
};

export function textOf(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString("utf8") : String(value);
}
