import { OperatorError } from "../../base/index.ts";
/** One step of a schema. Steps are only ever added, and never changed once released. */
export interface Migration<S = string> {
  /** 1, 2, 3 … */
  readonly version: number;
  /** Idempotent: a start that was interrupted repeats the whole step. */
  readonly statements: readonly S[];
}

/** How far a step has come that takes long: rows that are done, of so many. */
export interface MigrationProgress {
  readonly done: number;
  readonly total: number;
}

/** The steps that are still to be taken from `current`. Refuses a schema that a newer program made. */
export function pendingMigrations<S>(all: readonly Migration<S>[], current: number): readonly Migration<S>[] {
  const newest = all.at(-1)?.version ?? 0;
  if (current > newest) {
    throw new OperatorError(
      `The database has schema version ${current}, and this program knows only up to ${newest}. ` +
        "Start the program version that migrated it, or a newer one.",
    );
  }
  return all.filter(({ version }) => version > current);
}

/** Called with the current version when a migration begins, again with its progress, and with undefined when it has ended. */
export type OnMigration = (fromVersion: number | undefined, progress?: MigrationProgress) => void;
