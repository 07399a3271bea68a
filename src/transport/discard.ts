import type { IncomingMessage } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";

/** How much of a body is still read once its answer is out, and for how long. */
const maxDiscardedBytes = 8_388_608;
const maxDiscardMs = 10_000;

/**
 * Reads and forgets what is left of a body whose answer is under way: a caller that still sends must get to see the
 * answer, and the connection must not be stuck behind it. Beyond the bounds HTTP/1.1 loses its connection and HTTP/2
 * the stream (RFC 9113 §8.1).
 */
export function discardRest(source: IncomingMessage | ServerHttp2Stream): void {
  const isOver = "complete" in source ? source.complete : source.readableEnded || source.endAfterHeaders;
  if (isOver || source.destroyed) {
    return;
  }
  const cut = () => {
    if ("complete" in source) {
      source.socket.destroy();
    } else {
      source.close(constants.NGHTTP2_NO_ERROR);
    }
  };
  const timer = setTimeout(cut, maxDiscardMs).unref();
  let bytes = 0;
  source.on("data", (chunk: Uint8Array) => {
    bytes += chunk.byteLength;
    if (bytes > maxDiscardedBytes) {
      cut();
    }
  });
  source.once("end", () => clearTimeout(timer));
  source.once("close", () => clearTimeout(timer));
  source.resume();
}
