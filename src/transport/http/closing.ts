import { Server as NetServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Listener } from "./listener.ts";

/**
 * Graceful shutdown: stops listening, asks every peer to close, waits up to `graceMs` for calls in flight, then
 * destroys the remaining connections.
 *
 * HTTP/2: first a GOAWAY with the highest stream id, then, after a ping round trip, the final GOAWAY, so that no call
 * that was already sent is lost (RFC 9113 §6.8). HTTP/1.1: `Connection: close` on the last responses; an idle
 * connection stays open long enough for a request that was already sent to arrive (RFC 9112 §9.6).
 */
export async function closeListener(listener: Listener, graceMs: number): Promise<void> {
  // node:http's `close` would destroy idle connections at once, and with them requests that were sent and not yet read.
  const closed = new Promise((resolve) => NetServer.prototype.close.call(listener.http1, resolve));
  listener.drainSessions();
  const isGone = Promise.all([closed, ...[...listener.sockets].map(closeOf)]);
  await waitFor(isGone, Math.min(graceMs, silenceMs));
  for (const socket of listener.sockets) {
    // A connection that has sent nothing has no call in flight.
    if (socket.bytesRead === 0) {
      socket.destroy();
    }
  }
  listener.http1.closeIdleConnections();
  listener.connections.closeIdle();
  await waitFor(isGone, graceMs - silenceMs);
  for (const socket of listener.sockets) {
    socket.destroy();
  }
  await isGone;
  listener.connections.stop();
}

/** For the first bytes of a connection, and for a request that was already sent. */
const silenceMs = 250;

async function waitFor(event: Promise<unknown>, timeoutMs: number): Promise<void> {
  const timer = new AbortController();
  await Promise.race([event, sleep(Math.max(0, timeoutMs), undefined, { signal: timer.signal }).catch(() => {})]);
  timer.abort();
}

function closeOf(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once("close", resolve));
}
