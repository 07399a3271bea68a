import type { Owner } from "./table.ts";

/** The last change of a record in the log. */
export interface LastChange {
  /** The name of its table. */
  readonly table: string;
  /** The text of its key. */
  readonly key: string;
  readonly seq: number;
  readonly version: number;
  readonly sealedDigest: string;
}

/** Last changes by table and key, kept on disk, so that memory stays constant for any number of records. */
export interface ChangeIndex {
  put(change: LastChange): void;
  delete(table: string, key: string): void;
  get(table: string, key: string): LastChange | undefined;
  /** Marks a record as found in the vault. */
  meet(table: string, key: string): void;
  /** The first changes of a table, by seq, whose records were never met; of records with an owner, those whose owner has a change. */
  unmet(table: string, limit: number, owner?: Owner): readonly LastChange[];
  close(): void;
}
