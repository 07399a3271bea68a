import type { Secret, SecretMetadata } from "../domain/secret.ts";
import type { VaultRow } from "../domain/vault-row.ts";
import type { AuditRow, Head } from "./row.ts";
import type { RowBlock } from "./row-block.ts";

/** What a batch needs to see, by key. */
export interface LoadRequest {
  readonly secrets: readonly string[];
  readonly denials: readonly string[];
  /** Denials at or before this Zeqond are left out. */
  readonly denialsAfterZeqond: number;
  /** Denials after this Zeqond are left out: a clock that was wrong may have left any number of them. */
  readonly denialsUntilZeqond: number;
  /** Names, among `secrets`, whose row is to be compared with what the log says of its last change. */
  readonly changes: readonly string[];
  /** Rows of the log whose hashes are asked for: the last rows of attempts whose commit is in doubt. */
  readonly rowHashesAt: readonly number[];
}

export interface Loaded {
  readonly head: Head;
  /** By name; absent names are absent. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** By ZID: the Zeqonds of its denials. */
  readonly denials: ReadonlyMap<string, readonly number[]>;
  /** Those of the `changes` asked for that are as the log says, by `isAsRecorded` on the row as it is stored. */
  readonly asRecorded: ReadonlySet<string>;
  /** By seq. */
  readonly rowHashes: ReadonlyMap<number, string>;
}

export interface LedgerWrite {
  /** The head as it was loaded; the write fails when it is no longer that. */
  readonly from: Head;
  readonly to: Head;
  /** In the order of `seq`, `from.seq + 1` to `to.seq`. */
  readonly rows: readonly AuditRow[];
  /** In this order: deletions, then insertions, then updates. */
  readonly deletes: readonly Secret[];
  readonly inserts: readonly Secret[];
  readonly updates: readonly SecretUpdate[];
  /** Secrets whose counters moved, and nothing else of them or besides an update. */
  readonly reads: readonly ReadCounter[];
  readonly denials: readonly Denial[];
  /** Denials at or before this Zeqond, of the ZIDs in `denials`, count no more and may go. */
  readonly forgetDenialsUntilZeqond: number;
}

export interface SecretUpdate {
  readonly secret: Secret;
  /** The version that the row must still have. */
  readonly fromVersion: number;
}

export interface ReadCounter {
  readonly secretId: string;
  readonly readCount: number;
  readonly lastReadZeqond: number;
}

export interface Denial {
  /** The row that recorded it. */
  readonly seq: number;
  readonly zid: string;
  readonly zeqond: number;
}

/** Whether what the database acknowledges survives a crash of its machine. */
export interface Durability {
  readonly durable: boolean;
  /** What is wrong, and the setting that mends it. */
  readonly detail?: string;
}

/** The newest row of the log. */
export interface NewestRow {
  readonly seq: number;
  /** As it was written: ISO 8601, unless somebody else wrote it. */
  readonly createdAt: string;
}

/** What a rehearsal found. */
export interface Rehearsed extends Durability {
  /** Undefined while the log is empty. */
  readonly newest: NewestRow | undefined;
}

/** How much there is. */
export interface Inventory {
  readonly head: Head;
  readonly secrets: number;
}

/**
 * One vault in one database. A contract suite holds every implementation to this.
 *
 * Everything fails with a `StoreFailure` and with nothing else.
 */
export interface Store {
  /** Whether a transaction keeps this very process busy until it is durable. */
  readonly inProcess: boolean;

  /**
   * One transaction: locks the head of the chain against every other writer, loads, lets `decide` choose, writes and
   * commits. `decide` is synchronous; null means that nothing is to be written, and rolls back.
   *
   * MUST see the newest committed rows once the lock is held, MUST fail with `conflict` unless every single row was
   * written as told and the head still was `write.from`, and MUST NOT resolve before the commit is durable. Nor, when
   * nothing is to be written, before the rows of `load.rowHashesAt` that it found are durable: what is seen need not be.
   */
  transact(load: LoadRequest, decide: (loaded: Loaded) => LedgerWrite | null): Promise<void>;

  // `atLeast`: a row that was committed before. What is read MUST show the vault at or after it, or fail with
  // `unavailable`: a database of several servers may answer from one that does not have it yet, or never will.

  /**
   * Metadata ordered by name, byte by byte: at most `limit` secrets after `afterName`, and of large ones no more than
   * have `pageBytes`. Fewer than `limit` do not mean that there are no more; none does.
   */
  listSecrets(afterName: string | null, limit: number, atLeast: Head): Promise<readonly SecretMetadata[]>;
  /** Rows about one secret whose type begins with `secret_`, newest first; those before `beforeSeq`. */
  auditRows(originId: string, limit: number, atLeast: Head, beforeSeq?: number): Promise<readonly AuditRow[]>;
  /** The metadata after `afterName` as it is at one moment. To be closed. */
  openListing(afterName: string | null, atLeast: Head): Promise<Listing>;
  /**
   * Names, after `afterName`, of secrets whose `expires_zeqond` is at or before `zeqond`; ordered by name. It may show
   * an older vault: whether a secret is due is decided again under the lock, and what is missed is found the next time.
   */
  dueSecrets(zeqond: number, afterName: string | null, limit: number): Promise<readonly string[]>;

  /** A view of log and vault that no writer changes, for verification. */
  openSnapshot(): Promise<Snapshot>;

  /** Seals that show whether a master key is this vault's, by key id. */
  keyCheck(): Promise<Uint8Array | null>;
  /** Stores the check of a new vault's key, unless there is one. Returns the one that is there now. */
  initKeyCheck(check: Uint8Array): Promise<Uint8Array>;

  /** Resolves when the database answers. */
  ping(): Promise<Durability>;
  inventory(): Promise<Inventory>;
  /**
   * Does what batches do, at the head and in every table that they write to, and takes it back: it fails while no batch
   * could be written, and waits for the head two seconds at most. One at a time.
   *
   * @param commit whether it also commits, a change that leaves every row as it was: some databases fail only there.
   */
  rehearse(commit: boolean): Promise<Rehearsed>;
  close(): Promise<void>;
}

/** Permissions that are read at a time, in bytes; one row may have more. */
export const pageBytes = 262_144;

/** A list that nobody changes while it is read. */
export interface Listing {
  /** How many secrets it has. */
  readonly count: number;
  /** Pages, as of `Store.listSecrets`. */
  next(afterName: string | null, limit: number): Promise<readonly SecretMetadata[]>;
  close(): Promise<void>;
}

/** Log and vault at one moment. */
export interface Snapshot {
  readonly head: Head;
  /** Rows in the order of `seq`, in pages, all of the log. */
  rows(): AsyncIterable<readonly AuditRow[]>;
  /**
   * The rows from 1 to the head in their order, in blocks. MUST end before the head when the log has any other row, or
   * when a column may mean another text than its bytes, and may when it cannot tell. A log without rows has no blocks.
   */
  blocks(): AsyncIterable<RowBlock>;
  /** Secrets in the order of their names, byte by byte, in pages. */
  secrets(): AsyncIterable<readonly VaultRow[]>;
  /** Denials that the limiter knows of, in the order of `seq`, in pages. */
  denials(): AsyncIterable<readonly Denial[]>;
  close(): Promise<void>;
}

/**
 * - `conflict`: another writer came first; nothing was written; begin again.
 * - `unavailable`: the database cannot be reached, or refuses to work; nothing was written.
 * - `in_doubt`: the connection was lost during COMMIT; it may or may not have been written.
 */
export type StoreFailureKind = "conflict" | "unavailable" | "in_doubt";

/** What keeps a database from its work, as far as it tells. `moved`: its file is gone, or another one is in its place. */
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
