import { StoreFailure } from "../../ledger/store.ts";

/** Where in a transaction something went wrong. */
export type Stage = "work" | "commit";

/**
 * A rival came first, and this transaction is certainly rolled back: lock wait timeout (1205), deadlock or a
 * certification failure of Galera (1213), record changed since last read (1020), duplicate key (1062), since only a
 * rival can have taken our seq.
 */
const conflicts: ReadonlySet<number> = new Set([1020, 1062, 1205, 1213]);

/** The one translator of what mysql2 throws. */
export function failureOf(error: unknown, stage: Stage = "work"): StoreFailure {
  if (error instanceof StoreFailure) return error;
  const { errno, code } = foreign(error);
  if (conflicts.has(errno)) return new StoreFailure("conflict", `MySQL refused with ${code}`, error);
  // A COMMIT without a clear answer may have been carried out.
  return new StoreFailure(stage === "commit" ? "in_doubt" : "unavailable", `MySQL failed with ${code}`, error);
}

/** Whether the error came from the database or the way to it, and not from our own code. */
export function isForeign(error: unknown): boolean {
  return error instanceof Error && "code" in error;
}

function foreign(error: unknown): { readonly errno: number; readonly code: string } {
  if (!(error instanceof Error)) return { errno: 0, code: "an unknown error" };
  const errno = "errno" in error && typeof error.errno === "number" ? error.errno : 0;
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  return { errno, code };
}
