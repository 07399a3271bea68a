import { isUtf8 } from "node:buffer";
import { Unreadable } from "./entries.ts";

/**
 * The text of an input, without its byte order mark.
 *
 * @throws Unreadable `not_utf8`, with the first line that is none
 */
export function decodeText(input: Uint8Array): string {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  if (!isUtf8(bytes)) {
    throw new Unreadable("not_utf8", badLine(bytes));
  }
  if (isUtf16(bytes)) {
    throw new Unreadable("not_utf8", 1);
  }
  const text = bytes.toString("utf8");
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** Without its mark, and of letters that all have a zero byte, UTF-16 is UTF-8 too. No text of a format begins so. */
function isUtf16(bytes: Buffer): boolean {
  const isZero = [...bytes.subarray(0, 4)].map((byte) => byte === 0).join();
  return isZero === "false,true,false,true" || isZero === "true,false,true,false";
}

/** Well-formed text with LF for CRLF and for a CR alone. As bytes: replacing in text takes gigabytes for millions of them. */
export function withLineFeeds(text: string): string {
  if (!text.includes("\r")) {
    return text;
  }
  const bytes = Buffer.from(text);
  let length = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte !== 0x0d || bytes[at + 1] !== 0x0a) {
      bytes[length] = byte === 0x0d ? 0x0a : byte;
      length += 1;
    }
  }
  return bytes.toString("utf8", 0, length);
}

/** No character of UTF-8 has the bytes of a line break inside, so the lines can be looked at one by one. */
function badLine(bytes: Buffer): number {
  let line = 1;
  let start = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const isBreak = bytes[at] === 0x0a || (bytes[at] === 0x0d && bytes[at + 1] !== 0x0a);
    if (!isBreak) {
      continue;
    }
    if (!isUtf8(bytes.subarray(start, at))) {
      return line;
    }
    line += 1;
    start = at + 1;
  }
  return line;
}
