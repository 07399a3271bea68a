import type { VaultError } from "../domain/errors.ts";
import type { Moment } from "../domain/moment.ts";
import type { Secret } from "../domain/secret.ts";
import type { TransitionType } from "./row.ts";

/**
 * A caller's operation on the vault: decided on loaded rows, recorded and made durable in one transaction.
 *
 * `apply` MUST be pure apart from fresh randomness: no I/O, no clock but `view.now`. It may run more than once, since
 * a batch that was rolled back is applied again on fresh rows. When it throws, only this operation fails.
 */
export interface Operation<T> {
  /** The rows to load before `apply`. */
  readonly needs: Needs;
  /** Its estimated share of a batch. The exact size of its changes and rows is counted when it is applied. */
  readonly weight: Weight;
  apply(view: ChangeView): Decision<T>;
  /** Wipes the secret parts of a value that no caller receives, because its attempt was rolled back or did not fit. */
  discard?(value: T): void;
}

export interface Needs {
  /** Secrets by name. */
  readonly secrets: readonly string[];
  /** ZIDs whose recent denials count. */
  readonly denials: readonly string[];
  /** The names in `secrets` that it may change. */
  readonly changes?: readonly string[];
}

export interface Weight {
  /** Number of audit rows to write. */
  readonly rows: number;
  /** Size of its input, mostly values. */
  readonly bytes: number;
}

/** The loaded rows as an operation sees them, with the changes of the operations before it in the batch. */
export interface BatchView {
  readonly now: Moment;
  secret(name: string): Secret | undefined;
  /** Zeqonds of the recent denials of a ZID. */
  denials(zid: string): readonly number[];
}

/** A `BatchView` for operations that change secrets. */
export interface ChangeView extends BatchView {
  /**
   * Whether a secret, or its absence, matches its last change in the log. Also false for a name that is not among the
   * operation's `changes`. An operation MUST NOT change a secret for which this is false.
   */
  isAsRecorded(name: string): boolean;
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
  | { readonly kind: "put"; readonly secret: Secret }
  | { readonly kind: "delete"; readonly name: string }
  | { readonly kind: "count_read"; readonly name: string }
  /** A denial that counts against `zid`; recorded by draft number `draft` of the same decision. */
  | { readonly kind: "count_denial"; readonly zid: string; readonly draft: number };

/** The content of an audit row, without its position in the chain. */
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
