import type { Moment, VaultError } from "../base/index.ts";
import type { Receipt } from "./receipt.ts";
import type { AnyTable, Key, Table } from "./table.ts";

/**
 * A caller's operation on the vault: decided on loaded records, recorded and made durable in one transaction.
 *
 * `apply` MUST be pure apart from fresh randomness: no I/O, no clock but `view.now`. It may run more than once, since
 * a batch that was rolled back is applied again on fresh rows. When it throws, only this operation fails.
 */
export interface Operation<T> {
  /** The records to load before `apply`. */
  readonly needs: readonly Need[];
  /** Its estimated share of a batch. The exact size of its changes and rows is counted when it is applied. */
  readonly weight: Weight;
  apply(view: View): Decision<T>;
  /** Wipes the secret parts of a value that no caller receives, because its attempt was rolled back or did not fit. */
  discard?(value: T): void;
}

/** A record by its key, all records that share the values of a lookup, or a table that only new records are put into. */
export type Need =
  | {
      readonly table: AnyTable;
      readonly key: Key;
      /** Whether the operation may put or delete it. */
      readonly changes?: boolean;
    }
  | { readonly table: AnyTable; readonly lookup: string; readonly by: Key }
  /** For records under keys that nobody else can have made: nothing is loaded. */
  | { readonly table: AnyTable; readonly inserts: true };

export interface Weight {
  /** Number of audit rows to write. */
  readonly rows: number;
  /** Size of its input, mostly values. */
  readonly bytes: number;
}

/** The loaded records as an operation sees them, with the changes of the operations before it in the batch. */
export interface View {
  readonly now: Moment;
  /** Another number whenever a record has changed. */
  readonly revision: number;
  /**
   * The record with this key.
   *
   * @throws VaultError `SEAL_BROKEN` when its table is vouched for, and its MAC does not match
   * @throws Error when the operation did not need it
   */
  get<R extends object>(table: Table<R>, ...key: Key): R | undefined;
  /**
   * The records that share the values of a lookup; of a derived table, those that may matter now.
   *
   * @throws as `get`
   */
  all<R extends object>(table: Table<R>, lookup: string, ...by: Key): readonly R[];
  /**
   * Whether a record, or its absence, matches its last change in the log. An operation MUST NOT change a record for
   * which this is false. Also false when the operation did not need the record with `changes`.
   */
  isAsRecorded(table: AnyTable, ...key: Key): boolean;
}

export interface Decision<T> {
  readonly outcome: Outcome<T>;
  readonly changes: readonly Change[];
  /** In chain order. Empty only when there was nothing to do. */
  readonly drafts: readonly AuditDraft[];
}

export type Outcome<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "refused"; readonly error: VaultError };

/** One change of the vault. */
export type Change =
  /** Inserts or updates a record of a versioned table; an update has the next version. */
  | { readonly kind: "put"; readonly table: AnyTable; readonly record: object }
  | { readonly kind: "delete"; readonly table: AnyTable; readonly key: Key }
  /** Moves the counters beside a record. */
  | { readonly kind: "count"; readonly table: AnyTable; readonly key: Key }
  /** Appends the record that follows from draft number `draft` of the same decision, by the table's derivation. */
  | { readonly kind: "append"; readonly table: AnyTable; readonly draft: number };

/** The content of an audit row, without its position in the chain. */
export interface AuditDraft {
  /** One of the surface's event types (contract, section 4). */
  readonly type: string;
  /** What it is about. The first input of `proof_digest` is this without the prefix `zsc:`. */
  readonly originId: string;
  readonly actorZid: string;
  /** The 4th input of `proof_digest`. */
  readonly purpose: string;
  /** Becomes `payload_json`; never holds a plaintext. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** An outcome whose rows are durable. `receipts` has one entry for each draft. */
export interface Recorded<T> {
  readonly value: T;
  readonly receipts: readonly Receipt[];
}
