import type { HandlerContext } from "@connectrpc/connect";
import type { ReadItem, Room } from "../zsc/read.ts";

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
  let bytes = byteLength;
  // An iterator takes eight times as long, and this runs while other calls wait.
  for (let at = 0; at < byteLength; at++) {
    const byte = utf8[at] as number;
    if (byte < 0x20 || byte === 0x22 || byte === 0x5c) {
      bytes += (escapedBytes[byte] as number) - 1;
    }
  }
  return bytes;
}

/** The JSON length of each byte. A character that must be escaped takes two or six characters (RFC 8259 §7). */
const escapedBytes = Uint8Array.from({ length: 256 }, (_, byte) => {
  const isShort = '\b\t\n\f\r"\\'.includes(String.fromCharCode(byte));
  return isShort ? 2 : byte < 0x20 ? 6 : 1;
});
