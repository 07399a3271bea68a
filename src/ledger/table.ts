import type { AuditRow } from "./row.ts";

/**
 * How a column is stored, hashed and read back.
 *
 * - `uuid`, `time`: ASCII of 36 and of 24 characters.
 * - `text`: UTF-8.
 * - `texts`: a list of strings, stored and hashed as its `JSON.stringify`.
 * - `integer`: a safe integer from 0, hashed as its decimal digits.
 * - `bytes`: a `Uint8Array`.
 */
export type ColumnType = "uuid" | "time" | "text" | "texts" | "integer" | "bytes";

export interface Column<F extends string = string> {
  /** The property of the record. */
  readonly field: F;
  /** The name in SQL. */
  readonly name: string;
  readonly type: ColumnType;
  /** Limit of `text` and `bytes`. Without one, up to 16 MiB: then the size counts towards the weight of a batch. */
  readonly maxBytes?: number;
  /** Whether the value may be null. */
  readonly optional?: boolean;
  /** Whether lists leave it empty: many large values at once take too much memory. */
  readonly unlisted?: boolean;
  /** The schema version that added the column, when it is not that of the table. */
  readonly since?: number;
}

/**
 * How often a record was counted, and the Zeqond of the last time, null for never. They stand in the row of its origin:
 * counting does not rewrite the record (ADR 3, 15).
 */
interface Counters<F extends string = string> {
  readonly count: F;
  readonly latest: F;
}

/** An operation that gets `most` records MUST NOT take them for all that there are. */
interface MostLoaded<F extends string = string> {
  readonly most: number;
  /** The records with the largest values of this field; absent: any. */
  readonly latest?: F;
}

/** The values of a key or a lookup, in the order of its fields. */
export type Key = readonly (string | number)[];

/**
 * Everything that ledger, stores and verification know about a kind of record: DDL, statements, digests, verification
 * and paging follow from it. Declare one with `declareTable`.
 */
export interface AnyTable<F extends string = string> {
  /** The name in SQL. */
  readonly name: string;
  /** The schema version that creates it. */
  readonly since: number;
  /** In the order of the digest. New columns are only ever appended. */
  readonly columns: readonly Column<F>[];
  /** The fields by which operations address a record; unique. */
  readonly key: readonly F[];
  /** The primary key, when it is not `key`: a record that was deleted and created again has another identity. */
  readonly identity?: F;
  /** Indices: the fields by which records can be looked up, by label. */
  readonly lookups: Readonly<Record<string, readonly F[]>>;
  /** The fields of a lookup's index, by label, where it has fewer than the lookup: an index of a schema never changes. */
  readonly indexed?: Readonly<Record<string, readonly F[]>>;
  /** The lookups that load no more than so many records, by label. */
  readonly mostLoaded?: Readonly<Record<string, MostLoaded<F>>>;
  /** Only of a table that is logged, with a key of one field. */
  readonly counters?: Counters<F>;
  /**
   * - `versioned`: has a field `version`, from 1, which every put increments.
   * - `appended`: a record is inserted once and never changed.
   * - `derived`: its records follow from rows of the log, by `derivation`, so no row of the log vouches for them.
   */
  readonly kind: "versioned" | "appended" | "derived";
  /** The domain separator of the digest, which names its version. */
  readonly digestPrefix: string;
  /** How the log records changes; absent for derived tables. */
  readonly log?: LogOfChanges;
  /** How records follow from the log; only for derived tables. */
  readonly derivation?: Derivation<F>;
  /** Whether every row carries a MAC under the sealing key, made when it is written and checked when it is loaded. */
  readonly vouched?: boolean;
}

/**
 * The rows of the log that change a record. The payload of each, except a removal, ends with version and digest (`changeMarks`),
 * unless `changeOf` finds them elsewhere.
 */
export interface LogOfChanges {
  /** Precedes the text of the key in a row's `origin_id`. */
  readonly originPrefix: string;
  /** The types that put a record. */
  readonly put: readonly string[];
  /** Those of `put` that change nothing when their payload does not end with marks. */
  readonly sometimes?: readonly string[];
  /** What a row of `put` changes, where that is not the record of its origin; undefined: nothing. */
  changeOf?(row: AuditRow): LoggedChange | undefined;
  /**
   * The table of the record that this one goes with, whose key of so many characters begins this one's key. Once the log has
   * removed that record, this one may be there or not: it is removed without a row of its own.
   */
  readonly owner?: Owner;
  /** The type that removes it; it ends with one of `removalEnds`, by which stores find it. */
  readonly removed: string;
  /** The payload's `purpose` of a row that creates a record. */
  readonly created: string;
  /** What reports call a record. */
  readonly noun: string;
}

/** A change that is told by a row about another record. */
export interface LoggedChange {
  /** The text of the key. */
  readonly key: string;
  readonly version: number;
  readonly sealedDigest: string;
  readonly creates: boolean;
}

export interface Owner {
  readonly table: string;
  readonly keyCharacters: number;
}

/**
 * How much longer than `lookedAtZeqonds` a record stays when others are appended: a day. They may be looked at by servers with
 * other clocks, and for one whose clock is right nothing must be gone that still counts.
 */
export const othersKeptZeqonds = 112_000;

export interface Derivation<F extends string = string> {
  /** The types of the rows that stand for records. */
  readonly types: readonly string[];
  /** The record that a row of one of these types stands for, if any. */
  of(row: AuditRow): object | undefined;
  /** The field that holds the `seq` of the row: the key. */
  readonly seq: F;
  /** The field that holds its Zeqond. */
  readonly zeqond: F;
  /**
   * The lookup by which records are loaded, and old ones forgotten when one that shares its values is appended; a few others
   * go with them, `othersKeptZeqonds` later.
   */
  readonly lookup: string;
  /** At Zeqond n, records are loaded that are less than this before n, and at most this after it; older ones may go. */
  readonly lookedAtZeqonds: number;
  /** Verification does not compare records of this age: they may or may not be forgotten. */
  readonly windowZeqonds: number;
  /** What reports say of a record that the log does not have, and of one that the table does not have. */
  readonly unknown: string;
  readonly missing: string;
}

/** A table whose records are of type `R`. */
export interface Table<R extends object> extends AnyTable {
  /** Never present: it ties the record type to the table. */
  readonly record?: R;
}

/** A declaration, whose fields are checked against the record type. */
export function declareTable<R extends object>(table: AnyTable<keyof R & string>): Table<R> {
  return table;
}
