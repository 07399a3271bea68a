import {
  type AnyRecord,
  type AnyTable,
  keyOf,
  type Shape,
  type StoredValue,
  shapeOf,
  type VouchedRecord,
} from "../../ledger/index.ts";
import { knownMarginZeqonds } from "./known-table.ts";
import { recordReader } from "./records.ts";

/** The SQL and the conversions that follow from a declaration, the same for all databases. Compiled once at start. */
export interface TableSql {
  readonly table: AnyTable;
  readonly shape: Shape;
  /** All columns, with the MAC's at the end where there is one. */
  readonly columns: readonly string[];
  /** `columns` of a row `r`; in lists, nothing in the place of unlisted ones. */
  readonly whole: string;
  readonly listed: string;
  /** The columns of the key and of the primary key. */
  readonly key: readonly string[];
  readonly identity: readonly string[];
  /** Up to `VALUES`. */
  readonly insert: string;
  /** With the values of `columns`, then those of `place`. */
  readonly update: string;
  /** With the values of `place`. */
  readonly remove: string;
  readonly counters: CountersSql | undefined;
  readonly derivation: DerivationSql | undefined;
  /** Columns without a limit: their sizes make a page. The unlisted ones make only pages of whole rows. */
  readonly heavy: readonly string[];
  readonly heavyUnlisted: readonly string[];
  /** The values of `columns`. */
  values(written: VouchedRecord): StoredValue[];
  /** The identity of a row, and the version that it must have where it has one. */
  place(record: AnyRecord, version: number): StoredValue[];
  /** A record from a row that has `whole` or `listed`, and behind them the columns of its counters. */
  recordOf(row: readonly unknown[]): AnyRecord;
}

/** The counters of a table's records, which stand in `audit_origin`. */
interface CountersSql {
  /** What precedes the key in an origin. */
  readonly originPrefix: string;
  /** The column of the key. */
  readonly key: string;
  originOf(record: AnyRecord): string;
  countOf(record: AnyRecord): number;
  /** Null for never. */
  latestOf(record: AnyRecord): number | null;
}

/** The columns of a record's counters in `audit_origin`, in the order of `recordOf`. */
export const counterColumns = ["read_count", "last_read_zeqond"] as const;

export interface DerivationSql {
  readonly lookup: string;
  readonly seq: string;
  readonly zeqond: string;
  readonly lookedAtZeqonds: number;
  /** Records are loaded that are after the first of these Zeqonds and not after the second: a little more than may matter. */
  between(nowZeqond: number): readonly [number, number];
  /** Whether a record may matter at a Zeqond. */
  isLookedAt(record: AnyRecord, nowZeqond: number): boolean;
}

/** How many of the first rows of a derived table are looked at for each one that is appended: those that are old go, whosever they are. */
export const maxForgotten = 8;

/** The name of the column that holds a row's MAC. */
export const macColumn = "mac";

export function tableSql(table: AnyTable): TableSql {
  const shape = shapeOf(table);
  const columns = [...table.columns.map(({ name }) => name), ...(table.vouched ? [macColumn] : [])];
  const column = (field: string) => columnOf(table, field);
  const identityFields = table.identity === undefined ? table.key : [table.identity];
  const identity = identityFields.map(column);
  const isVersioned = table.kind === "versioned";
  const where = [...identity, ...(isVersioned ? [column("version")] : [])].map((name) => `${name} = ?`).join(" AND ");
  const unlisted = new Set(table.columns.filter((each) => each.unlisted).map(({ name }) => name));
  const { derivation } = table;
  const heavy = table.columns.filter(
    ({ type, maxBytes }) => type === "texts" || (maxBytes === undefined && isSized(type)),
  );
  return {
    ...{ table, shape, columns, identity },
    whole: columns.map((name) => `r.${name}`).join(", "),
    listed: columns.map((name) => (unlisted.has(name) ? `'' AS ${name}` : `r.${name}`)).join(", "),
    key: table.key.map(column),
    insert: `INSERT INTO ${table.name} (${columns.join(", ")}) VALUES `,
    update: `UPDATE ${table.name} SET ${columns.map((name) => `${name} = ?`).join(", ")} WHERE ${where}`,
    remove: `DELETE FROM ${table.name} WHERE ${where}`,
    counters: table.counters && countersSql(table, table.counters),
    derivation: derivation && {
      lookup: derivation.lookup,
      seq: column(derivation.seq),
      zeqond: column(derivation.zeqond),
      lookedAtZeqonds: derivation.lookedAtZeqonds,
      between: (nowZeqond) => {
        const most = derivation.lookedAtZeqonds + knownMarginZeqonds;
        return [nowZeqond - most, Math.min(Number.MAX_SAFE_INTEGER, nowZeqond + most)];
      },
      isLookedAt: (record, nowZeqond) => {
        const ago = nowZeqond - Number(record[derivation.zeqond]);
        return ago < derivation.lookedAtZeqonds && ago >= -derivation.lookedAtZeqonds;
      },
    },
    heavy: heavy.filter(({ unlisted }) => !unlisted).map(({ name }) => name),
    heavyUnlisted: heavy.filter(({ unlisted }) => unlisted).map(({ name }) => name),
    values: ({ record, mac }) => {
      const values = shape.store(record).map(driverValue);
      return table.vouched ? [...values, driverValue(mac ?? null)] : values;
    },
    place: (record, version) => [
      ...(keyOf(identityFields, record) as StoredValue[]),
      ...(isVersioned ? [version] : []),
    ],
    recordOf: recordReader(table),
  };
}

/** What ends the statement of a lookup that loads no more than so many records; empty for one that loads all. */
export function mostLoadedSql(table: AnyTable, label: string): string {
  const bound = table.mostLoaded?.[label];
  if (bound === undefined) {
    return "";
  }
  const { most, latest } = bound;
  return `${latest === undefined ? "" : ` ORDER BY r.${columnOf(table, latest)} DESC`} LIMIT ${most}`;
}

/** The column of a field. */
export function columnOf({ name, columns }: AnyTable, field: string): string {
  const column = columns.find((each) => each.field === field);
  if (column === undefined) {
    throw new Error(`the table ${name} has no column for ${field}`);
  }
  return column.name;
}

/** Whether a value may be long. */
function isSized(type: string): boolean {
  return type === "text" || type === "bytes";
}

function countersSql(table: AnyTable, { count, latest }: NonNullable<AnyTable["counters"]>): CountersSql {
  const { name, key, log } = table;
  const [field, ...others] = key;
  if (field === undefined || others.length > 0 || log === undefined) {
    throw new Error(`the table ${name} has counters, and no origin of one field`);
  }
  const { originPrefix } = log;
  return {
    ...{ originPrefix, key: columnOf(table, field) },
    originOf: (record) => originPrefix + String(record[field]),
    countOf: (record) => record[count] as number,
    latestOf: (record) => record[latest] as number | null,
  };
}

/** The drivers take buffers. */
function driverValue(value: StoredValue): StoredValue {
  return value instanceof Uint8Array && !Buffer.isBuffer(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : value;
}

/** SQL that is true of the rows of `audit_log` whose type may change a record of the table. */
export function isTypeOf({ log }: AnyTable): string {
  const types = log === undefined ? [] : [...log.put, log.removed];
  return `transition_type IN (${["", ...types].map((type) => `'${type}'`).join(", ")})`;
}

/** `?` for each of so many values. */
export function marks(count: number): string {
  return Array(count).fill("?").join(", ");
}
