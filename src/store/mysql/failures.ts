import { errorCode } from "../../base/index.ts";
import { StoreFailure, type Trouble } from "../../ledger/index.ts";
import { describeCause } from "./causes.ts";

/** Where in a transaction something went wrong. */
export type Stage = "work" | "commit";

/**
 * A rival came first, and nothing was committed: lock wait timeout (1205), deadlock or a certification failure of Galera
 * (1213), record changed since last read (1020), duplicate key (1062), since only a rival can have taken our seq. Some
 * of them leave the transaction open: its owner must roll it back.
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
  const errno = errnoOf(error);
  const code = codeOf(error, errno);
  const cause = new DatabaseError(code);
  if (conflicts.has(errno)) {
    return new StoreFailure("conflict", `the database was changed by a rival (${cause.code})`, cause);
  }
  // A COMMIT without a clear answer may have been carried out.
  const kind = stage === "commit" ? "in_doubt" : "unavailable";
  return new StoreFailure(kind, describeCause(code, errno), cause, troubles.get(errno));
}

/** What may be known of the driver's error: its own has the statement, and the server's words, which quote from it. */
class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Up to here a number of the server means the same in MySQL and in MariaDB, and so has the name that mysql2 gives it. */
const lastSharedErrno = 1_899;

/** mysql2 calls every failure of TLS the same: what Node.js and OpenSSL add tells them apart. */
function codeOf(error: unknown, errno: number): string {
  const numbered = errno === 0 ? "an unknown error" : `error ${errno}`;
  const code = errno > lastSharedErrno ? numbered : (errorCode(error) ?? numbered);
  if (code !== "HANDSHAKE_SSL_ERROR" || typeof error !== "object" || error === null) {
    return code;
  }
  if ("cert" in error && "host" in error) {
    return "ERR_TLS_CERT_ALTNAME_INVALID";
  }
  return "library" in error ? "ERR_SSL" : code;
}

/** The server's number of the error, or 0: the system's are negative, and have a name. */
function errnoOf(error: unknown): number {
  const has = typeof error === "object" && error !== null && "errno" in error;
  return has && typeof error.errno === "number" ? Math.max(0, error.errno) : 0;
}
