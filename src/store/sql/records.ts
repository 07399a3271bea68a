import { type AnyRecord, type AnyTable, type Column, parseTexts } from "../../ledger/index.ts";

/** Makes records of a table from rows that have all its columns, its MAC's where there is one, and those of its counters. */
export function recordReader({ columns, counters, vouched }: AnyTable): (row: readonly unknown[]) => AnyRecord {
  const fields = columns.map(({ field }) => field);
  const readersOf = columns.map(readerOf);
  const countAt = columns.length + (vouched ? 1 : 0);
  return (row) => {
    const record: Record<string, unknown> = {};
    for (let index = 0; index < fields.length; index++) {
      record[fields[index] as string] = (readersOf[index] as Reader)(row[index]);
    }
    if (counters !== undefined) {
      record[counters.count] = Number(row[countAt] ?? 0);
      const latest = row[countAt + 1] ?? null;
      record[counters.latest] = latest === null ? null : Number(latest);
    }
    return record;
  };
}

type Reader = (value: unknown) => unknown;

function readerOf({ type, optional }: Column): Reader {
  const read = readers[type];
  return optional ? (value) => (value === null ? null : read(value)) : read;
}

const readers: Readonly<Record<Column["type"], Reader>> = {
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
