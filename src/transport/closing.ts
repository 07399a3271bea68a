import type { ServerHttp2Session } from "node:http2";
import { Server as NetServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Listener } from "./listener.ts";

/**
 * Stops listening, tells every connection to go, waits up to `graceMs` for what is in flight, then cuts the rest.
 *
 * HTTP/2: a first GOAWAY that refuses nothing, and once a ping has come back, so that no call is under way that the
 * caller believes accepted, the final one (RFC 9113 §6.8). HTTP/1.1: `Connection: close` on the last answers; a connection
 * without a call in flight stays for as long as one that had been sent may need to arrive (RFC 9112 §9.6).
 */
export async function closeListener(listener: Listener, graceMs: number): Promise<void> {
  // node:http's own `close` would cut idle connections at once, and with them calls that have been sent and not yet read.
  const closed = new Promise((resolve) => NetServer.prototype.close.call(listener.http1, resolve));
  for (const session of listener.sessions) {
    drainSession(session);
  }
  // Connections that had been accepted, and had not yet spoken.
  listener.http2.on("session", drainSession);
  const isGone = Promise.all([closed, ...[...listener.sockets].map(closeOf)]);
  await waitFor(isGone, Math.min(graceMs, silenceMs));
  for (const socket of listener.sockets) {
    // One that has not said a word by now waits for no answer.
    if (socket.bytesRead === 0) {
      socket.destroy();
    }
  }
  listener.http1.closeIdleConnections();
  await waitFor(isGone, graceMs - silenceMs);
  for (const session of listener.sessions) {
    session.destroy();
  }
  for (const socket of listener.sockets) {
    socket.destroy();
  }
  await isGone;
  listener.connections.stop();
  listener.http2.close();
}

/** How long a connection may take to say a first word, to answer a ping, or to bring a call that was on its way. */
const silenceMs = 250;

async function waitFor(event: Promise<unknown>, timeoutMs: number): Promise<void> {
  const timer = new AbortController();
  await Promise.race([event, sleep(Math.max(0, timeoutMs), undefined, { signal: timer.signal }).catch(() => {})]);
  timer.abort();
}

function closeOf(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once("close", resolve));
}

const maxStreamId = 2 ** 31 - 1;

/** Ends a session so that no call is under way that its caller believes accepted. */
export function drainSession(session: ServerHttp2Session): void {
  if (session.destroyed || session.closed) {
    return;
  }
  session.goaway(0, maxStreamId);
  // Some clients answer no ping once they have been told to go.
  const timer = setTimeout(() => session.close(), silenceMs);
  session.once("close", () => clearTimeout(timer));
  session.ping(() => session.close());
}
