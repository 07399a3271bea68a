import type { ServerHttp2Session } from "node:http2";

/**
 * Keeps a session's native handle alive until its streams have been garbage-collected.
 *
 * Node aborts (`Assertion failed: (current_nghttp2_memory_) == (0)`) when it frees a session before one of its streams
 * that still holds headers, from a request that was refused while they arrived. A peer can create such streams at will,
 * and the order within one collection is undefined. So the session is freed by a later collection than its streams.
 */
export function outliveStreams(session: ServerHttp2Session): void {
  const symbol = Object.getOwnPropertySymbols(session).find(({ description }) => description === "kHandle");
  const handle: unknown = symbol === undefined ? undefined : Reflect.get(session, symbol);
  if (typeof handle !== "object" || handle === null) {
    return;
  }
  session.once("close", () => {
    // The streams and this object are unreachable now: the collection that frees them only then releases the handle.
    nextCollection.register({}, handle);
  });
}

const nextCollection = new FinalizationRegistry<object>(() => {});

/** Timeout for the first bytes of a connection, for a ping, and for a request that was already sent. */
export const silenceMs = 250;

const maxStreamId = 2 ** 31 - 1;

/** Shuts a session down without losing calls that were already sent. */
export function drainSession(session: ServerHttp2Session): void {
  if (session.destroyed || session.closed) {
    return;
  }
  session.goaway(0, maxStreamId);
  // Some clients do not answer pings after a GOAWAY.
  const timer = setTimeout(() => session.close(), silenceMs);
  session.once("close", () => clearTimeout(timer));
  session.ping(() => session.close());
}
