import { errorCode } from "../../base/index.ts";
import { StoreFailure, type Trouble } from "../../ledger/index.ts";
import { describeCause } from "./causes.ts";

/** The stage of a transaction at which it failed. */
export type Stage = "work" | "commit";

/**
 * Conflicts with another writer, after which nothing is committed: lock wait timeout (1205), deadlock or a certification
 * failure of Galera (1213), record changed since last read (1020), duplicate key (1062: another writer has our seq). Some
 * of them leave the transaction open, and the caller must roll it back.
 */
const conflicts: ReadonlySet<number> = new Set([1020, 1062, 1205, 1213]);

/**
 * A statement was broken off (1317): by a KILL, or by Galera, which lets the change of a table on another node go first.
 * A COMMIT that was broken off may have been carried out.
 */
const interrupted = 1317;

/** Other states that the database reports: read-only, a full disk, a missing privilege. */
const troubles: ReadonlyMap<number, Trouble> = new Map([
  ...[1036, 1290, 1792, 1836, 1874].map((errno) => [errno, "read_only"] as const),
  ...[1021, 1026, 1114].map((errno) => [errno, "full"] as const),
  ...[1044, 1045, 1142, 1143, 1227, 1698].map((errno) => [errno, "denied"] as const),
]);

/** The one translator of mysql2's errors. It looks at their shape, because errors of another realm are of another class. */
export function failureOf(error: unknown, stage: Stage = "work"): StoreFailure {
  const errno = errnoOf(error);
  const code = codeOf(error, errno);
  const cause = new DatabaseError(code);
  if (conflicts.has(errno) || (errno === interrupted && stage === "work")) {
    return new StoreFailure("conflict", `the database was changed by a rival (${cause.code})`, cause);
  }
  // A COMMIT without a clear answer may have been carried out.
  const kind = stage === "commit" ? "in_doubt" : "unavailable";
  return new StoreFailure(kind, describeCause(code, errno), cause, troubles.get(errno));
}

/** The safe part of a driver's error. The original holds the statement, and the server's message, which quotes it. */
class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Up to this number, server errors mean the same in MySQL and MariaDB, so mysql2's names for them are right. */
const lastSharedErrno = 1_899;

/** mysql2 gives every TLS failure the same code; the codes of Node.js and OpenSSL tell them apart. */
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

/** The server's error number, or 0 for system errors, which are negative and have a name. */
function errnoOf(error: unknown): number {
  const has = typeof error === "object" && error !== null && "errno" in error;
  return has && typeof error.errno === "number" ? Math.max(0, error.errno) : 0;
}
