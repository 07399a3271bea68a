import type { HandlerContext } from "@connectrpc/connect";
import type { ReadItem, Room } from "../../secrets/index.ts";

/** The largest size of an item without its value, in either encoding: name, tag, receipt or error. */
const maxFrameBytes = 2_048;

/** The size limit of a response. JSON can need six bytes for one byte of a value. */
export function roomOf({ requestHeader }: HandlerContext, maxBytes: number): Room {
  const isJson = /json/i.test(requestHeader.get("content-type") ?? "");
  const valueBytes = isJson ? jsonBytes : (bytes: Uint8Array) => bytes.byteLength;
  return {
    maxBytes,
    bytesOf: (item: ReadItem) => maxFrameBytes + (item.kind === "read" ? valueBytes(item.secret.value.bytes) : 0),
  };
}

/** The length of a text as JSON, computed without making a string, because a string cannot be wiped. */
export function jsonBytes(utf8: Uint8Array): number {
  const { byteLength } = utf8;
  const view = new DataView(utf8.buffer, utf8.byteOffset, byteLength);
  const isOdd = byteLength % 2 === 1;
  let bytes = isOdd ? jsonLength(utf8[byteLength - 1] as number) : 0;
  // Two bytes at a time, because this runs while other calls wait.
  for (let at = isOdd ? byteLength - 3 : byteLength - 2; at >= 0; at -= 2) {
    bytes += pairLengths[view.getUint16(at)] as number;
  }
  return bytes;
}

/** The JSON length of a byte. A character that must be escaped takes two or six characters (RFC 8259 §7). */
function jsonLength(byte: number): number {
  const isShort = '\b\t\n\f\r"\\'.includes(String.fromCharCode(byte));
  return isShort ? 2 : byte < 0x20 ? 6 : 1;
}

const byteLengths = Array.from({ length: 256 }, (_, byte) => jsonLength(byte));

/** The JSON length of each two bytes. */
const pairLengths = Uint8Array.from(byteLengths.flatMap((one) => byteLengths.map((other) => one + other)));
