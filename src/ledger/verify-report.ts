import type { Head } from "./row.ts";
import type { Break } from "./verify-chain.ts";

/** Where the vault is not what the log says, or the log says of a secret what cannot be. */
export interface Difference {
  /** Name of the secret; null for what the denial limiter remembers. */
  readonly name: string | null;
  /** The row of the change that cannot be, of its last change, or of the denial; null where the log knows of none. */
  readonly seq: number | null;
  readonly why: string;
}

export interface Report {
  /** How many rows were walked. */
  readonly rows: number;
  /** Of the log, as the database has it: kept elsewhere, it shows later whether the log was rewritten. */
  readonly head: Head;
  readonly secrets: number;
  readonly broken: Break | null;
  /** At most `maxDifferences` of each kind; empty also when the chain is broken: the vault was not compared then. */
  readonly differences: readonly Difference[];
}

/** So many differences are told, of changes, secrets and denials each; whoever has that many needs no more. */
export const maxDifferences = 20;
