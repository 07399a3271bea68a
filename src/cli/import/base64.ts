import { isUtf8 } from "node:buffer";

/**
 * Decodes base64 of both alphabets, with or without its `=`, over lines. Undefined: it is none, or was cut.
 */
export function tryDecodeBase64(text: string): Buffer | undefined {
  const signs = text
    .replace(/[ \t\r\n]/g, "")
    .replace(/-/g, "+")
    .replace(/_/g, "/");
  const bare = signs.endsWith("==") ? signs.slice(0, -2) : signs.endsWith("=") ? signs.slice(0, -1) : signs;
  const isPadded = bare.length !== signs.length;
  if (!/^[A-Za-z0-9+/]*$/.test(bare) || bare.length % 4 === 1 || (isPadded && signs.length % 4 !== 0)) {
    return undefined;
  }
  const bytes = Buffer.from(bare, "base64");
  return bytes.toString("base64url").length === bare.length ? bytes : undefined;
}

/** The text of bytes; undefined where they are no UTF-8. */
export function tryDecodeText(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString("utf8") : undefined;
}
