import { errorCode } from "../../domain/error-code.ts";
import { StoreFailure, type Trouble } from "../../ledger/store.ts";

/** Where in a transaction something went wrong. */
export type Stage = "work" | "commit";

/**
 * A rival came first, and nothing was committed: lock wait timeout (1205), deadlock or a certification failure of Galera
 * (1213), record changed since last read (1020), duplicate key (1062), since only a rival can have taken our seq. Some
 * of them leave the transaction open: whoever had it rolls it back.
 */
const conflicts: ReadonlySet<number> = new Set([1020, 1062, 1205, 1213]);

/** What else the database says of itself: read-only, a full disk, a right that is missing. */
const troubles: ReadonlyMap<number, Trouble> = new Map([
  ...[1036, 1290, 1792, 1836, 1874].map((errno) => [errno, "read_only"] as const),
  ...[1021, 1026, 1114].map((errno) => [errno, "full"] as const),
  ...[1044, 1045, 1142, 1143, 1227, 1698].map((errno) => [errno, "denied"] as const),
]);

/** The one translator of what mysql2 throws, by shape and not by class: the system's errors are not of our realm. */
export function failureOf(error: unknown, stage: Stage = "work"): StoreFailure {
  const code = errorCode(error) ?? "an unknown error";
  if (conflicts.has(errnoOf(error))) {
    return new StoreFailure("conflict", `MySQL refused with ${code}`, error);
  }
  // A COMMIT without a clear answer may have been carried out.
  const kind = stage === "commit" ? "in_doubt" : "unavailable";
  return new StoreFailure(kind, `MySQL failed with ${code}`, error, troubles.get(errnoOf(error)));
}

function errnoOf(error: unknown): number {
  const has = typeof error === "object" && error !== null && "errno" in error;
  return has && typeof error.errno === "number" ? error.errno : 0;
}
