import type { Durability } from "../base/index.ts";
import type { AnyRecord, StoredRow } from "./record.ts";
import type { AuditRow, Head, ListedRow } from "./row.ts";
import type { RowBlock } from "./row-block.ts";
import type { AnyTable, Key, Table } from "./table.ts";

/** What a batch needs of one table. */
export interface TableNeeds {
  /** By the text of the key. */
  readonly keys: ReadonlyMap<string, Key>;
  /** The texts of those keys whose records are to be compared with their last change in the log. */
  readonly changes: ReadonlySet<string>;
  /** By label, then by the text of the values. */
  readonly lookups: ReadonlyMap<string, ReadonlyMap<string, Key>>;
}

export interface LoadRequest {
  readonly needs: ReadonlyMap<AnyTable, TableNeeds>;
  /** Derived records are loaded only as far as they may matter at this Zeqond. */
  readonly nowZeqond: number;
  /** The `seq` of rows whose hashes to load: the last rows of attempts whose commit is in doubt. */
  readonly rowHashesAt: readonly number[];
}

/** The loaded records of one table. */
export interface LoadedTable {
  /** By the text of the key; keys without a record are absent. */
  readonly records: ReadonlyMap<string, AnyRecord>;
  /** By label, then by the text of the values; values without a record are absent. */
  readonly lookups: ReadonlyMap<string, ReadonlyMap<string, readonly AnyRecord[]>>;
  /** The keys in `changes` whose stored row matches the log, by `isAsRecorded`. */
  readonly asRecorded: ReadonlySet<string>;
  /** Of a vouched table: the MAC of each record as it is stored. */
  readonly macs: ReadonlyMap<AnyRecord, LoadedMac>;
}

/** The MAC of a record. A store that gives the same record again, because its row is the same, gives the same object. */
export interface LoadedMac {
  readonly bytes: Uint8Array;
  /** Whether it was found to be right. */
  isRight: boolean;
}

export interface Loaded {
  readonly head: Head;
  /** Every table in `needs`. */
  readonly tables: ReadonlyMap<AnyTable, LoadedTable>;
  /** By seq. */
  readonly rowHashes: ReadonlyMap<number, string>;
}

export interface LedgerWrite {
  /** The head as loaded; the write fails when the head has changed. */
  readonly from: Head;
  readonly to: Head;
  /** In the order of `seq`, `from.seq + 1` to `to.seq`. */
  readonly rows: readonly AuditRow[];
  /** Only tables with changes. */
  readonly tables: readonly TableWrite[];
  /** Of derived tables: old records of the lookups that were appended to may be deleted. */
  readonly nowZeqond: number;
}

/** The changes of one table. Deletions are written first, then insertions, then updates. */
export interface TableWrite {
  readonly table: AnyTable;
  readonly deletes: readonly AnyRecord[];
  readonly inserts: readonly VouchedRecord[];
  readonly updates: readonly RecordUpdate[];
  /** Records whose counters moved, otherwise unchanged or also updated. */
  readonly counts: readonly AnyRecord[];
  readonly appends: readonly AnyRecord[];
}

export interface VouchedRecord {
  readonly record: AnyRecord;
  /** Only of vouched tables. */
  readonly mac?: Uint8Array;
}

export interface RecordUpdate extends VouchedRecord {
  /** The version that the row must still have. */
  readonly fromVersion: number;
}

/** The newest row of the log. */
export interface NewestRow {
  readonly seq: number;
  /** As stored: ISO 8601, unless an attacker wrote the row. */
  readonly createdAt: string;
}

/** The result of a rehearsal. */
export interface Rehearsed extends Durability {
  /** Undefined while the log is empty. */
  readonly newest: NewestRow | undefined;
}

/** The size of the vault. */
export interface Inventory {
  readonly head: Head;
  /** The number of records in each table, but for derived ones. */
  readonly records: ReadonlyMap<AnyTable, number>;
}

/**
 * One vault in one database. A contract suite tests every implementation.
 *
 * Every method fails only with a `StoreFailure`.
 */
export interface Store {
  /** Whether a transaction blocks this process until it is durable. */
  readonly inProcess: boolean;

  /**
   * One transaction: locks the head of the chain against every other writer, loads, lets `decide` choose, writes and
   * commits. `decide` is synchronous; null means that nothing is to be written, and rolls back.
   *
   * MUST see the newest committed rows once the lock is held, MUST fail with `conflict` unless every row was written as
   * told and the head was still `write.from`, and MUST NOT resolve before the commit is durable. When nothing is to be
   * written, it MUST NOT resolve before the rows found of `load.rowHashesAt` are durable: a visible row may not be yet.
   */
  transact(load: LoadRequest, decide: (loaded: Loaded) => LedgerWrite | null): Promise<void>;

  // `atLeast`: a row that was committed before. A read MUST show the vault at or after it, or fail with `unavailable`:
  // a replicated database may answer from a server that does not have the row yet, or never will. Without it the result
  // may be stale.

  /**
   * Records of a table without their unlisted columns: at most `limit`, and about `pageBytes`. A short page does not mean
   * the end; an empty one does.
   */
  page<R extends object>(table: Table<R>, select: Selection, limit: number, atLeast?: Head): Promise<readonly R[]>;
  /** The same of a table that is vouched for, whole: the sizes of all columns count. The MACs are not compared. */
  vouchedPage(table: AnyTable, select: Selection, limit: number, atLeast: Head): Promise<readonly VouchedRecord[]>;
  /** How many records a selection has. */
  count(table: AnyTable, select: Selection, atLeast: Head): Promise<number>;
  /** All records of a selection, from one snapshot. MUST be closed. */
  openListing<R extends object>(table: Table<R>, select: Selection, atLeast: Head): Promise<Listing<R>>;
  /** Rows of the log about one subject, before `beforeSeq`, newest first; of the types that begin with `typePrefix`. */
  auditRows(about: AuditSelection, limit: number, atLeast: Head): Promise<readonly ListedRow[]>;
  /**
   * Rows of the log that are selected, newest first: at most `limit`, and about `pageBytes`. A short page does not mean the
   * end; an empty one does.
   */
  rowsBefore(select: RowSelection, limit: number, atLeast: Head): Promise<readonly FollowingRow[]>;
  /** The rows of the log after `seq`, in their order: at most `limit`, and about `pageBytes`. Empty at the end. */
  rowsAfter(seq: number, limit: number): Promise<readonly AuditRow[]>;

  /** A consistent snapshot of log and vault, for verification. */
  openSnapshot(): Promise<Snapshot>;

  /** The key checks, which show whether the keys of a keyring belong to this vault: one for each key, the first one first. */
  keyChecks(): Promise<readonly Uint8Array[]>;
  /** Stores the key check of a new vault, unless one exists. Returns the stored one. */
  initKeyCheck(check: Uint8Array): Promise<Uint8Array>;

  /** Resolves when the database answers. */
  ping(): Promise<Durability>;
  inventory(): Promise<Inventory>;
  /**
   * Performs a batch's writes, at the head and in every table, and rolls them back: it fails while no batch could be
   * written, and waits for the head for at most two seconds. MUST NOT be called again before it has settled.
   *
   * @param commit whether to commit as well, without a net change of any row: some databases fail only at COMMIT.
   */
  rehearse(commit: boolean): Promise<Rehearsed>;
  close(): Promise<void>;
}

/** Limit of the permissions in a page, in bytes; a single row may exceed it. */
export const pageBytes = 262_144;

/** Which records of a table, and in which order. */
export interface Selection {
  /** Only records after the one of this key; in an order by a field, its value there precedes the key. */
  readonly after: Key | null;
  /** All of them must be met. */
  readonly where?: readonly Condition[];
  /** Absent: by the bytes of the key. */
  readonly order?: Order;
}

export interface Order {
  /** A field or a counter; absent: the key. Records with the same value follow by their key. */
  readonly field?: string;
  /** The integer that stands for an absent value, at one end of what the field can have. */
  readonly absent?: number;
  readonly descending: boolean;
}

/** What is asked of a field or a counter of a record. */
export type Condition =
  | { readonly kind: "equals"; readonly field: string; readonly value: string | number }
  | { readonly kind: "at_most"; readonly field: string; readonly value: number }
  | { readonly kind: "absent"; readonly field: string }
  | { readonly kind: "starts_with"; readonly field: string; readonly text: string }
  /** Without regard to the case of A to Z. */
  | { readonly kind: "contains"; readonly field: string; readonly text: string }
  /** A list of texts has this one. */
  | { readonly kind: "holds"; readonly field: string; readonly text: string }
  /** One of several, none of them about a counter. */
  | { readonly kind: "either"; readonly of: readonly Condition[] };

export interface AuditSelection {
  readonly originId: string;
  readonly typePrefix: string;
  /** Absent: from the newest row on. */
  readonly beforeSeq?: number;
}

/** Which rows of the log. What is absent selects all. */
export interface RowSelection {
  /** The rows from this one on, */
  readonly fromSeq: number;
  /** and before this one. */
  readonly beforeSeq: number;
  /** Never empty. */
  readonly types?: readonly string[];
  /** Never empty: these rows, of those between. */
  readonly seqs?: readonly number[];
  /** Never empty. */
  readonly actors?: readonly string[];
  /** A text that stands in the origin, or in a text of the payload; without regard to case where the database has none. */
  readonly mentions?: string;
}

/** A row, and the id of the one before it. */
export interface FollowingRow {
  readonly row: AuditRow;
  /** Null for the first row, and where the row before is missing. */
  readonly beforeId: string | null;
}

/** A list of records from one snapshot. */
export interface Listing<R extends object> {
  /** Number of records in the list. */
  readonly count: number;
  /** The next page, as in `Store.page`. */
  next(after: Key | null, limit: number): Promise<readonly R[]>;
  close(): Promise<void>;
}

/** A consistent snapshot of log and vault. */
export interface Snapshot {
  readonly head: Head;
  /** All rows of the log in the order of `seq`, in pages. */
  rows(): AsyncIterable<readonly AuditRow[]>;
  /**
   * The rows from 1 to the head in order, in blocks. MUST end before the head when the log has any other row, or when a
   * column's text may differ from its bytes; MAY do so when it cannot tell. An empty log has no blocks.
   */
  blocks(): AsyncIterable<RowBlock>;
  /** How the log finds the rows of an origin; undefined where a database of an older schema does it by an index. */
  readonly pointers: LogPointers | undefined;
  /** The rows of a table, none of one that an older schema does not have, as they are stored, in the order of the bytes of their key, in pages. */
  records(table: AnyTable): AsyncIterable<readonly SnapshotRow[]>;
  close(): Promise<void>;
}

/**
 * Each row points to the row before it that has the same origin, 0 for none, and each origin to its last row. They are
 * derived from the log, and not hashed.
 */
export interface LogPointers {
  /** The bytes of every origin, and its last row, in pages. */
  lasts(): AsyncIterable<readonly (readonly [origin: Uint8Array, seq: number])[]>;
  /** The pointers that are not as the log says, at most `limit`. Sorts the whole log: for the case that some are. */
  wrong(limit: number): Promise<readonly WrongPointer[]>;
}

export interface WrongPointer {
  /** The row whose pointer it is; null for that of an origin. */
  readonly seq: number | null;
  readonly originId: string;
  /** Where it points; null for nowhere. */
  readonly is: number | null;
  readonly shouldBe: number | null;
}

export interface SnapshotRow {
  readonly row: StoredRow;
  /** Of a vouched table. */
  readonly mac?: Uint8Array;
}

/**
 * - `conflict`: another writer came first; nothing was written; retry.
 * - `unavailable`: the database cannot be reached, or refuses to work; nothing was written.
 * - `in_doubt`: the connection was lost during COMMIT; the batch may or may not have been written.
 */
export type StoreFailureKind = "conflict" | "unavailable" | "in_doubt";

/** Why the database is unavailable, as far as it reports that. `moved`: its file was deleted or replaced. */
export type Trouble = "away" | "locked" | "read_only" | "full" | "denied" | "moved";

export class StoreFailure extends Error {
  override readonly name = "StoreFailure";
  readonly kind: StoreFailureKind;
  readonly trouble: Trouble;

  constructor(kind: StoreFailureKind, message: string, cause?: unknown, trouble?: Trouble) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.trouble = trouble ?? (kind === "conflict" ? "locked" : "away");
  }
}
