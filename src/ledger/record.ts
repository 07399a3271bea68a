import { FieldWriter } from "../base/index.ts";
import type { AnyTable, Column, ColumnType, Key } from "./table.ts";

/** A record whose table is known at run time only. */
export type AnyRecord = Readonly<Record<string, unknown>>;

/** The value of a column as it is stored. */
export type StoredValue = string | number | null | Uint8Array;

/** The values of a row in the order of the table's columns. What was read may hold anything: see `exactText`. */
export type StoredRow = readonly StoredValue[];

/** What follows from a table's declaration, compiled once. */
export interface Shape {
  /** The columns' values in their order. */
  store(record: AnyRecord): StoredValue[];
  /** The record of a row, without its counters. */
  load(row: StoredRow): AnyRecord;
  /** SHA-256 over the whole row, 64 lower-case hex digits: `sealed_digest` of the log (contract, section 4). */
  digest(row: StoredRow): string;
  /** The bytes that the digest covers; valid until the next call of this or of `digest`. */
  digested(row: StoredRow): Uint8Array;
  keyOf(record: AnyRecord): string;
  /** 1 for records that never change. */
  versionOf(record: AnyRecord): number;
  /** The size of the values that can be large, as they are written. */
  weigh(record: AnyRecord): number;
  /** The same approximately: it runs for each record of each batch, and a list can be long. */
  weighRoughly(record: AnyRecord): number;
}

const shapes = new WeakMap<AnyTable, Shape>();

export function shapeOf(table: AnyTable): Shape {
  let shape = shapes.get(table);
  if (shape === undefined) {
    shape = compile(table);
    shapes.set(table, shape);
  }
  return shape;
}

/** The text of a key: a string alone is its own. No text of a key holds a control character. */
export function keyText(key: Key): string {
  return key.length === 1 ? String(key[0]) : key.join("\u0000");
}

function compile({ columns, key, kind, digestPrefix }: AnyTable): Shape {
  const writer = new FieldWriter(digestPrefix);
  const heavy = columns.filter(({ type, maxBytes }) => isHeavy[type] || (type === "text" && maxBytes === undefined));
  const [keyField = ""] = key;
  const write = (row: StoredRow) => {
    writer.start();
    for (let index = 0; index < columns.length; index++) {
      writeField(writer, row[index] ?? null);
    }
    return writer;
  };
  return {
    store: (record) => columns.map((column) => storedValue(column, record[column.field])),
    load: (row) =>
      Object.fromEntries(columns.map((column, index) => [column.field, loadedValue(column, row[index] ?? null)])),
    digest: (row) => write(row).digest(),
    digested: (row) => write(row).view(),
    keyOf: key.length === 1 ? (record) => String(record[keyField]) : (record) => keyText(keyOf(key, record)),
    versionOf: kind === "versioned" ? (record) => record["version"] as number : () => 1,
    weigh: (record) => heavy.reduce((sum, { field }) => sum + bytesOf(record[field], Buffer.byteLength), 0),
    weighRoughly: (record) => heavy.reduce((sum, { field }) => sum + bytesOf(record[field], lengthOf), 0),
  };
}

export function keyOf(fields: readonly string[], record: AnyRecord): Key {
  return fields.map((field) => record[field] as string | number);
}

/** Whether values of a type can be large. */
const isHeavy: Readonly<Record<ColumnType, boolean>> = {
  uuid: false,
  time: false,
  text: false,
  texts: true,
  integer: false,
  bytes: true,
};

function storedValue({ type }: Column, value: unknown): StoredValue {
  return type === "texts" && value !== null ? JSON.stringify(value) : (value as StoredValue);
}

function loadedValue({ type }: Column, value: StoredValue): unknown {
  return type === "texts" && typeof value === "string" ? parseTexts(value) : value;
}

/** The list of a `texts` column. Anything but a list of strings was altered, and is an empty list: it grants nothing. */
export function parseTexts(json: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(json);
    return Array.isArray(list) && list.every((entry) => typeof entry === "string") ? list : [];
  } catch {
    return [];
  }
}

function writeField(writer: FieldWriter, value: StoredValue): void {
  if (value === null) {
    writer.absent();
  } else if (typeof value === "object") {
    writer.bytes(value);
  } else {
    writer.text(typeof value === "number" ? String(value) : value);
  }
}

const jsonPerEntry = '"",'.length;

function bytesOf(value: unknown, lengthOf: (text: string) => number): number {
  if (value === null) {
    return 0;
  }
  if (value instanceof Uint8Array) {
    return value.byteLength;
  }
  if (typeof value === "string") {
    return lengthOf(value);
  }
  let bytes = 0;
  for (const entry of value as readonly string[]) {
    bytes += lengthOf(entry) + jsonPerEntry;
  }
  return bytes;
}

function lengthOf(text: string): number {
  return text.length;
}
