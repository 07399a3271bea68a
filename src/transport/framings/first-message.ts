import type { Exchange } from "../http/exchange.ts";

/** The envelope before a message in all streaming protocols: a flags byte and a 4-byte length. */
const prefixBytes = 5;

/**
 * Passes on the body of a streaming call. A call whose first message is not complete within `timeoutMs` is cancelled,
 * because it occupies a stream without doing work. Later messages have no timeout.
 */
export function withFirstMessageTimeout(
  body: AsyncIterable<Uint8Array>,
  exchange: Exchange,
  timeoutMs: number,
): AsyncIterable<Uint8Array> {
  const timer = setTimeout(() => exchange.cut("cancel"), timeoutMs);
  const stop = () => clearTimeout(timer);
  exchange.onClose(stop);
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
    if (result.done === true) {
      tell();
    } else {
      look(result.value);
    }
    return result;
  };
  return { ...chunks, next };
}
