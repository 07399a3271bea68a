import type { IncomingMessage } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";

/** Limit of the bytes of a body that are read after its response. */
const maxDiscardedBytes = 8_388_608;
const maxDiscardMs = 10_000;

/**
 * Reads and discards the rest of a body after the response has begun, so that a client that is still sending receives
 * the response, and the connection stays usable. Beyond the limits, the connection (HTTP/1.1) or the stream (HTTP/2,
 * RFC 9113 §8.1) is closed.
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
