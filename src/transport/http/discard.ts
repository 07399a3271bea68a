import type { IncomingMessage } from "node:http";
import { errorCodes } from "../http2/protocol.ts";
import type { Http2Stream } from "../http2/stream.ts";

/** Limit of the bytes of a body that are read after its response. */
const maxDiscardedBytes = 8_388_608;
const maxDiscardMs = 10_000;

// The rest of a body is read and discarded after the response has begun, so that a client that is still sending
// receives the response, and the connection stays usable. Beyond the limits, the connection (HTTP/1.1) or the stream
// (HTTP/2, RFC 9113 §8.1) is closed.

/** Whether a body is announced as too long to be discarded, so that no request can follow it. */
export function isPastDiscarding({ complete, headers }: IncomingMessage): boolean {
  return !complete && Number(headers["content-length"] ?? 0) > maxDiscardedBytes;
}

export function discardRequest(request: IncomingMessage): void {
  // Also a complete one: while a part of it waits, its connection is not read.
  request.resume();
  if (request.complete || request.destroyed) {
    return;
  }
  const limit = limitedBy(() => request.socket.destroy());
  request.on("data", (chunk: Uint8Array) => limit.count(chunk.byteLength));
  request.once("end", limit.stop);
  request.once("close", limit.stop);
}

export function discardStream(stream: Http2Stream): void {
  if (stream.hasRemoteEnded || stream.isClosed) {
    return;
  }
  const limit = limitedBy(() => stream.reset(errorCodes.NO_ERROR));
  stream.read({
    data({ byteLength }) {
      stream.credit(byteLength);
      limit.count(byteLength);
    },
    end: limit.stop,
    cut: limit.stop,
  });
}

function limitedBy(cut: () => void) {
  const timer = setTimeout(cut, maxDiscardMs).unref();
  let bytes = 0;
  return {
    count(more: number) {
      bytes += more;
      if (bytes > maxDiscardedBytes) {
        cut();
      }
    },
    stop: () => clearTimeout(timer),
  };
}
