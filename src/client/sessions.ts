import type { SecureClientSessionOptions } from "node:http2";
import { isNativeError } from "node:util/types";
import { Code, ConnectError } from "@connectrpc/connect";
import { Http2SessionManager } from "@connectrpc/connect-node";
import type { Settings, TlsOptions } from "./options.ts";

/** How long a connection may take. */
export const connectMs = 5_000;

/** Errors of calls whose connection was never made: nobody can have looked at them. */
const unsent = new WeakSet<object>();

/** Whether a call failed before there was a connection. */
export function isUnsent(error: unknown): boolean {
  return typeof error === "object" && error !== null && unsent.has(error);
}

/** The connections of one client. */
export function createSessions({ baseUrl, timeoutMs, tls }: Settings): Http2SessionManager {
  return new GuardedSessions(baseUrl, keepAlive(timeoutMs), sessionOptions(tls));
}

function sessionOptions({ ca, cert, key, serverName }: TlsOptions): SecureClientSessionOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}

/** Pings of a silent connection, so early that a call which waits on it fails within its own time. */
function keepAlive(timeoutMs: number) {
  const within = (least: number, most: number, wanted: number) => Math.min(most, Math.max(least, wanted));
  return {
    pingIntervalMs: within(500, 4_000, timeoutMs * 0.4),
    pingTimeoutMs: within(250, 2_000, timeoutMs * 0.2),
  };
}

/**
 * Connect's manager removes its `error` listener from a session before the session has emitted its last error: without
 * this one, a ping that is not answered would be an uncaught error of the application. It also waits for a connection for as
 * long as the system does, which is minutes.
 */
class GuardedSessions extends Http2SessionManager {
  readonly #guarded = new WeakSet<object>();

  override async request(...parameters: Parameters<Http2SessionManager["request"]>) {
    await this.#open();
    const stream = await super.request(...parameters);
    const { session } = stream;
    if (session !== undefined && !this.#guarded.has(session)) {
      this.#guarded.add(session);
      session.on("error", () => {});
    }
    return stream;
  }

  async #open(): Promise<void> {
    const giveUp = setTimeout(() => {
      if (this.state() === "connecting") {
        this.abort(new ConnectError(`no connection within ${connectMs / 1_000} s`, Code.Unavailable));
      }
    }, connectMs);
    const state = await this.connect().finally(() => clearTimeout(giveUp));
    if (state === "error") {
      throw failedConnect(this.error());
    }
  }
}

function failedConnect(reason: unknown): ConnectError {
  const message = isNativeError(reason) ? reason.message : "no connection";
  const error = new ConnectError(
    reason instanceof ConnectError ? reason.rawMessage : message,
    Code.Unavailable,
    undefined,
    undefined,
    reason,
  );
  unsent.add(error);
  return error;
}
