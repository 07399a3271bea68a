import { Code, ConnectError } from "@connectrpc/connect";
import { errorCode } from "../domain/error-code.ts";
import { VaultError } from "../domain/errors.ts";
import { fieldsOfError, type Log } from "../domain/log.ts";

/** What a write to a peer, or a read from it, fails with when the peer has gone. */
const goneCodes: ReadonlySet<string> = new Set([
  ..."ECONNRESET ECONNABORTED EPIPE ETIMEDOUT ABORT_ERR".split(" "),
  ..."ERR_STREAM_PREMATURE_CLOSE ERR_STREAM_DESTROYED ERR_STREAM_WRITE_AFTER_END".split(" "),
  ..."ERR_HTTP2_INVALID_STREAM ERR_HTTP2_INVALID_SESSION ERR_HTTP2_GOAWAY_SESSION".split(" "),
  ..."ERR_HTTP2_STREAM_CANCEL ERR_HTTP2_STREAM_ERROR ERR_HTTP2_SESSION_ERROR".split(" "),
]);

/** By name: errors of the runtime come from another realm. */
const bugNames: ReadonlySet<string> = new Set(["TypeError", "RangeError", "ReferenceError", "SyntaxError"]);

/**
 * The error in what a call failed with that is ours to mend; undefined when it is a refusal, an error of the protocol
 * that the caller has made, or the caller's leaving.
 */
export function bugIn(reason: unknown): unknown {
  if (reason instanceof VaultError || goneCodes.has(errorCode(reason) ?? "")) {
    return undefined;
  }
  if (reason instanceof ConnectError) {
    const isInternal = reason.code === Code.Internal || reason.code === Code.Unknown;
    return isInternal && reason.cause !== undefined ? bugIn(reason.cause) : undefined;
  }
  return reason;
}

/** One line for each connection that failed outside of any call: peers do that, and bugs. */
export function createFaultLog(log: Log): (fault: { readonly where: string; readonly error: unknown }) => void {
  return ({ where, error }) => {
    const bug = bugIn(error);
    // Node and OpenSSL have a code for everything that a peer can do.
    if (bug !== undefined && (errorCode(bug) === undefined || bugNames.has(nameOf(bug)))) {
      log.error({ ...fieldsOfError(bug), code: where }, "a connection failed");
      return;
    }
    const code = error instanceof ConnectError ? Code[error.code] : errorCode(error);
    log.info({ code: code ?? "Unknown", reason: where }, "a connection failed");
  };
}

function nameOf(error: unknown): string {
  return typeof error === "object" && error !== null && "name" in error ? String(error.name) : "";
}
