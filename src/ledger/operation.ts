import type { VaultError } from "../domain/errors.ts";
import type { Moment } from "../domain/moment.ts";
import type { Secret } from "../domain/secret.ts";
import type { TransitionType } from "./row.ts";

/**
 * Something that a caller wants of the vault: decided on loaded rows, recorded and made durable in one transaction.
 *
 * `apply` MUST be pure apart from fresh randomness: no I/O, no clock but `view.now`. It may run more than once, since
 * a batch that the database throws back is applied again on fresh rows. When it throws, this operation fails alone.
 */
export interface Operation<T> {
  /** Which rows must be loaded before it can decide. */
  readonly needs: Needs;
  /** Its share of a batch, as far as it is known before. What it changes and records is counted when it is applied. */
  readonly weight: Weight;
  apply(view: ChangeView): Decision<T>;
  /** Wipes what is secret in a value that nobody gets, because its attempt was thrown back or did not fit. */
  discard?(value: T): void;
}

export interface Needs {
  /** Secrets by name. */
  readonly secrets: readonly string[];
  /** ZIDs whose recent denials count. */
  readonly denials: readonly string[];
  /** Those of `secrets` that it may change. */
  readonly changes?: readonly string[];
}

export interface Weight {
  /** Audit rows that it will write. */
  readonly rows: number;
  /** Bytes that it brings along, values mostly. */
  readonly bytes: number;
}

/** The world as an operation sees it: what was loaded, changed by the operations before it in the batch. */
export interface BatchView {
  readonly now: Moment;
  secret(name: string): Secret | undefined;
  /** Zeqonds of the denials of a ZID that may still count. */
  denials(zid: string): readonly number[];
}

/** The same with what a change must know. */
export interface ChangeView extends BatchView {
  /**
   * Whether a secret, or that there is none of the name, is what the log says. False also for a name that is not among
   * the operation's `changes`. Nothing may be changed that is not.
   */
  isAsRecorded(name: string): boolean;
}

export interface Decision<T> {
  readonly outcome: Outcome<T>;
  readonly changes: readonly Change[];
  /** In the order in which they are chained. Empty only for what turned out to be nothing to do. */
  readonly drafts: readonly AuditDraft[];
}

export type Outcome<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "refused"; readonly error: VaultError };

/** What a decision changes in the vault. */
export type Change =
  | { readonly kind: "put"; readonly secret: Secret }
  | { readonly kind: "delete"; readonly name: string }
  | { readonly kind: "count_read"; readonly name: string }
  /** A denial that counts against `zid`; recorded by draft number `draft` of the same decision. */
  | { readonly kind: "count_denial"; readonly zid: string; readonly draft: number };

/** An audit row that has no place in the chain yet. */
export interface AuditDraft {
  readonly type: TransitionType;
  /** Name of the secret, or `*`. */
  readonly subject: string;
  readonly actorZid: string;
  /** The 4th input of `proof_digest`. */
  readonly purpose: string;
  /** Becomes `payload_json`; never holds a plaintext. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Proof that a transition was recorded (contract, section 3). */
export interface Receipt {
  readonly seq: number;
  readonly rowHash: string;
  readonly transitionId: string;
  readonly proofDigest: string;
  readonly zeqond: number;
}

/** An outcome whose rows are durable. `receipts` has one entry for each draft. */
export interface Recorded<T> {
  readonly value: T;
  readonly receipts: readonly Receipt[];
}

/** The form of a receipt in the header `zsc-receipt`. */
export function receiptText(receipt: Receipt): string {
  return `${receipt.seq}.${receipt.rowHash}`;
}
