import type { ServerHttp2Session } from "node:http2";

/**
 * Keeps what is behind a session until the garbage of its streams has been collected.
 *
 * Node ends the process (`Assertion failed: (current_nghttp2_memory_) == (0)`) when it frees a session before one of its
 * streams that still holds headers: of a request that was refused while they came. A peer can make such streams at will,
 * and which of the two a collection frees first is chance. So the session is freed by a later collection than its streams.
 */
export function outliveStreams(session: ServerHttp2Session): void {
  const symbol = Object.getOwnPropertySymbols(session).find(({ description }) => description === "kHandle");
  const handle: unknown = symbol === undefined ? undefined : Reflect.get(session, symbol);
  if (typeof handle !== "object" || handle === null) {
    return;
  }
  session.once("close", () => {
    // The streams are unreachable now, and so is this object: what frees it frees them, and only then lets go of the session.
    nextCollection.register({}, handle);
  });
}

const nextCollection = new FinalizationRegistry<object>(() => {});
