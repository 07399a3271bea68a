import type { Secret, SecretMetadata } from "../domain/secret.ts";
import type { VaultRow } from "../domain/vault-row.ts";
import type { AuditRow, Head } from "./row.ts";
import type { RowBlock } from "./row-block.ts";

/** The rows that a batch needs, by key. */
export interface LoadRequest {
  readonly secrets: readonly string[];
  readonly denials: readonly string[];
  /** Denials at or before this Zeqond are not loaded. */
  readonly denialsAfterZeqond: number;
  /** Denials after this Zeqond are not loaded: a wrong clock may have left any number of them. */
  readonly denialsUntilZeqond: number;
  /** The names in `secrets` whose row is to be compared with its last change in the log. */
  readonly changes: readonly string[];
  /** The `seq` of rows whose hashes to load: the last rows of attempts whose commit is in doubt. */
  readonly rowHashesAt: readonly number[];
}

export interface Loaded {
  readonly head: Head;
  /** By name; names without a secret are absent. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** By ZID: the Zeqonds of its denials. */
  readonly denials: ReadonlyMap<string, readonly number[]>;
  /** The names in `changes` whose stored row matches the log, by `isAsRecorded`. */
  readonly asRecorded: ReadonlySet<string>;
  /** By seq. */
  readonly rowHashes: ReadonlyMap<number, string>;
}

export interface LedgerWrite {
  /** The head as loaded; the write fails when the head has changed. */
  readonly from: Head;
  readonly to: Head;
  /** In the order of `seq`, `from.seq + 1` to `to.seq`. */
  readonly rows: readonly AuditRow[];
  /** Deletions are written first, then insertions, then updates. */
  readonly deletes: readonly Secret[];
  readonly inserts: readonly Secret[];
  readonly updates: readonly SecretUpdate[];
  /** Changed read counters, of secrets that are otherwise unchanged or also updated. */
  readonly reads: readonly ReadCounter[];
  readonly denials: readonly Denial[];
  /** Denials at or before this Zeqond, of the ZIDs in `denials`, no longer count and may be deleted. */
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

/** Whether an acknowledged commit survives a crash of the database's machine. */
export interface Durability {
  readonly durable: boolean;
  /** The problem, and the setting that fixes it. */
  readonly detail?: string;
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
  readonly secrets: number;
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
  // a replicated database may answer from a server that does not have the row yet, or never will.

  /**
   * Metadata ordered by the bytes of the name: at most `limit` secrets after `afterName`, and about `pageBytes`. A
   * short page does not mean the end; an empty one does.
   */
  listSecrets(afterName: string | null, limit: number, atLeast: Head): Promise<readonly SecretMetadata[]>;
  /** Rows of one secret whose type begins with `secret_`, before `beforeSeq`, newest first. */
  auditRows(originId: string, limit: number, atLeast: Head, beforeSeq?: number): Promise<readonly AuditRow[]>;
  /** The metadata after `afterName`, from one snapshot. MUST be closed. */
  openListing(afterName: string | null, atLeast: Head): Promise<Listing>;
  /**
   * Names, after `afterName`, of secrets whose `expires_zeqond` is at or before `zeqond`; ordered by name. The result
   * may be stale: whether a secret is due is decided again under the lock, and a missed one is found the next time.
   */
  dueSecrets(zeqond: number, afterName: string | null, limit: number): Promise<readonly string[]>;

  /** A consistent snapshot of log and vault, for verification. */
  openSnapshot(): Promise<Snapshot>;

  /** The key check, which shows whether a master key belongs to this vault; null when there is none. */
  keyCheck(): Promise<Uint8Array | null>;
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

/** A list of metadata from one snapshot. */
export interface Listing {
  /** Number of secrets in the list. */
  readonly count: number;
  /** The next page, as in `Store.listSecrets`. */
  next(afterName: string | null, limit: number): Promise<readonly SecretMetadata[]>;
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
  /** Secrets ordered by the bytes of their names, in pages. */
  secrets(): AsyncIterable<readonly VaultRow[]>;
  /** The limiter's denials in the order of `seq`, in pages. */
  denials(): AsyncIterable<readonly Denial[]>;
  close(): Promise<void>;
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
