import type { IncomingMessage } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";

/** The envelope before a message in all streaming protocols: a flags byte and a 4-byte length. */
const prefixBytes = 5;

/**
 * Passes on the body of a streaming call. A call whose first message is not complete within `timeoutMs` is cancelled,
 * because it occupies a stream without doing work. Later messages have no timeout.
 */
export function withFirstMessageTimeout(
  body: AsyncIterable<Uint8Array>,
  source: IncomingMessage | ServerHttp2Stream,
  timeoutMs: number,
): AsyncIterable<Uint8Array> {
  const timer = setTimeout(() => {
    if ("complete" in source) {
      source.destroy();
    } else {
      source.close(constants.NGHTTP2_CANCEL);
    }
  }, timeoutMs);
  const stop = () => clearTimeout(timer);
  source.once("end", stop);
  source.once("close", stop);
  return { [Symbol.asyncIterator]: () => tellFirstMessage(body[Symbol.asyncIterator](), stop) };
}

function tellFirstMessage(chunks: AsyncIterator<Uint8Array>, tell: () => void): AsyncIterator<Uint8Array> {
  let prefix: Uint8Array = new Uint8Array(0);
  let bytes = 0;
  let isTold = false;
  const look = (chunk: Uint8Array) => {
    if (isTold) {
      return;
    }
    if (prefix.byteLength < prefixBytes) {
      prefix = Buffer.concat([prefix, chunk.subarray(0, prefixBytes - prefix.byteLength)]);
    }
    bytes += chunk.byteLength;
    const isPrefixed = prefix.byteLength === prefixBytes;
    if (isPrefixed && bytes >= prefixBytes + new DataView(prefix.buffer, prefix.byteOffset).getUint32(1)) {
      isTold = true;
      tell();
    }
  };
  const next = async () => {
    const result = await chunks.next();
    if (result.done !== true) {
      look(result.value);
    }
    return result;
  };
  return { ...chunks, next };
}
