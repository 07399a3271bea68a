import type { Head } from "./row.ts";
import type { Break } from "./verify-chain.ts";

/** A difference between vault and log, or an impossible change in the log. */
export interface Difference {
  /** Name of the secret; null for a denial. */
  readonly name: string | null;
  /** The row of the impossible change, of the last change, or of the denial; null when the log has none. */
  readonly seq: number | null;
  readonly why: string;
}

export interface Report {
  /** Number of rows verified. */
  readonly rows: number;
  /** The head of the log. An operator who keeps it elsewhere can detect later whether the log was rewritten. */
  readonly head: Head;
  readonly secrets: number;
  readonly broken: Break | null;
  /** At most `maxDifferences` of each kind. Empty when the chain is broken, since the vault is not compared then. */
  readonly differences: readonly Difference[];
}

/** Limit of the reported differences of each kind: changes, secrets and denials. */
export const maxDifferences = 20;
