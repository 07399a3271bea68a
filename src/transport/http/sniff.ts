import type { Socket } from "node:net";

/** The first bytes of the HTTP/2 connection preface (RFC 9113 §3.4). No HTTP/1.1 method begins with them. */
const preface = Buffer.from("PRI");

/**
 * Detects by the first bytes of a connection whether it uses HTTP/2, and calls `tell` once. The bytes stay in the
 * socket. A connection that is silent for `timeoutMs` is closed.
 */
export function sniff(socket: Socket, timeoutMs: number, tell: (isHttp2: boolean) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  const look = () => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) {
      return;
    }
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const beginning = seen.subarray(0, preface.length);
    const isPreface = beginning.equals(preface.subarray(0, beginning.length));
    if (isPreface && beginning.length < preface.length) {
      return;
    }
    stop();
    socket.unshift(seen);
    tell(isPreface);
  };
  const stop = () => {
    clearTimeout(timer);
    socket.off("readable", look);
    socket.off("close", stop);
    socket.off("end", giveUp);
  };
  const giveUp = () => socket.destroy();
  socket.on("readable", look);
  socket.once("close", stop);
  socket.once("end", giveUp);
}
