import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Listener } from "./listener.ts";

/**
 * Stops listening, tells every connection to go, waits up to `graceMs` for what is in flight, then cuts the rest.
 *
 * HTTP/2: a first GOAWAY that refuses nothing, and once a ping has come back, so that no call is under way that the
 * caller believes accepted, the final one (RFC 9113 §6.8). HTTP/1.1: `Connection: close` on the last answers.
 */
export async function closeListener(listener: Listener, graceMs: number): Promise<void> {
  const closed = new Promise((resolve) => listener.http1.close(resolve));
  for (const session of listener.sessions) {
    drainSession(session);
  }
  for (const socket of listener.sockets) {
    // One that has never said a word waits for no answer.
    if (socket.bytesRead === 0) {
      socket.destroy();
    }
  }
  const isGone = Promise.all([closed, ...[...listener.sockets].map(closeOf)]);
  await Promise.race([isGone, sleep(graceMs)]);
  for (const session of listener.sessions) {
    session.destroy();
  }
  for (const socket of listener.sockets) {
    socket.destroy();
  }
  await isGone;
  listener.http2.close();
}

function closeOf(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once("close", resolve));
}

const maxStreamId = 2 ** 31 - 1;

function drainSession(session: ServerHttp2Session): void {
  if (session.destroyed || session.closed) {
    return;
  }
  session.goaway(0, maxStreamId);
  const close = () => session.close();
  if (!session.ping(close)) {
    close();
  }
}
