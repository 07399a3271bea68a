import type { Durability } from "../../base/index.ts";

/** What a database is found to be, without a lock, and without anything being made or migrated. */
export interface Inspection {
  /** The version of its schema, 0 without one, and the newest that this program knows. */
  readonly version: number;
  readonly newest: number;
  readonly keyChecks: readonly Uint8Array[];
  readonly durability: Durability;
}

export interface InspectionOptions {
  /** Whether whoever looks opens the database for good next, so that nothing needs to be spared. */
  readonly inPlace?: boolean;
}
