import { Code, ConnectError } from "@connectrpc/connect";
import { errorCode, fieldsOfError, type Log, VaultError } from "../../base/index.ts";
import type { ConnectionFault } from "../../transport/index.ts";

/** Error codes of a write to, or read from, a peer that has disconnected. */
const goneCodes: ReadonlySet<string> = new Set([
  ..."ECONNRESET ECONNABORTED EPIPE ETIMEDOUT ABORT_ERR".split(" "),
  ..."ERR_STREAM_PREMATURE_CLOSE ERR_STREAM_DESTROYED ERR_STREAM_WRITE_AFTER_END".split(" "),
  "HTTP2_CANCEL",
]);

/**
 * The server fault behind a failed call; undefined when the call was refused, the caller violated the protocol, or the
 * caller disconnected.
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

/** Logs one line per connection failure outside of any call. The cause is a peer or a bug. */
export function createFaultLog(log: Log): (fault: ConnectionFault) => void {
  return ({ where, by, code, error }) => {
    if (by === "peer") {
      log.info({ code, reason: where }, "a connection failed");
    } else {
      log.error({ ...fieldsOfError(bugIn(error) ?? error), code: where }, "a connection failed");
    }
  };
}
