import type { AnyTable, Head } from "../ledger/index.ts";
import type { Break } from "./chain-walk.ts";

/** A difference between vault and log, or an impossible change in the log. */
export interface Difference {
  /** Undefined: the pointers of the log itself, by which rows of an origin are found. */
  readonly table: AnyTable | undefined;
  /** The key of the record; null for a derived one, and for a pointer. */
  readonly name: string | null;
  /** The row of the impossible change, of the last change, or of the derived record or pointer; null when the log has none. */
  readonly seq: number | null;
  readonly why: string;
}

export interface Report {
  /** Number of rows verified. */
  readonly rows: number;
  /** The head of the log. An operator who keeps it elsewhere can detect later whether the log was rewritten. */
  readonly head: Head;
  /** Number of records in each table, but for derived ones. Empty when the chain is broken. */
  readonly records: ReadonlyMap<AnyTable, number>;
  readonly broken: Break | null;
  /** At most `maxDifferences` of each kind. Empty when the chain is broken, since the vault is not compared then. */
  readonly differences: readonly Difference[];
}

/** Limit of the reported differences of each table: in its changes, and in its records. */
export const maxDifferences = 20;
