import type { HandlerContext } from "@connectrpc/connect";
import type { ReadItem, Room } from "../zsc/read.ts";

/** Names, receipt, or error: all of an item but its value, in either encoding. Names and tags of any characters. */
const maxFrameBytes = 2_048;

/** What the answer to a call may hold. An encoding in JSON can have six times the bytes of a value. */
export function roomOf({ requestHeader }: HandlerContext, maxBytes: number): Room {
  const isJson = /json/i.test(requestHeader.get("content-type") ?? "");
  const valueBytes = isJson ? jsonBytes : (bytes: Uint8Array) => bytes.byteLength;
  return {
    maxBytes,
    bytesOf: (item: ReadItem) => maxFrameBytes + (item.kind === "read" ? valueBytes(item.secret.value.bytes) : 0),
  };
}

/** The bytes of a text in JSON, without making it: a string cannot be wiped. */
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

/** By byte. What JSON must escape (RFC 8259 §7) has a short form, or one of six characters. */
const escapedBytes = Uint8Array.from({ length: 256 }, (_, byte) => {
  const isShort = '\b\t\n\f\r"\\'.includes(String.fromCharCode(byte));
  return isShort ? 2 : byte < 0x20 ? 6 : 1;
});
