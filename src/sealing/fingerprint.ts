import { createHmac, createSecretKey, hkdfSync } from "node:crypto";
import { keyBytes } from "./aead.ts";
import type { Keyring } from "./keyring.ts";

const info = "zsc-fingerprint-v1";

/**
 * HMAC-SHA-256 in hex of a text and bytes, under a key that HKDF derives from the current sealing key (RFC 5869): equal requests
 * have equal fingerprints, and who reads one cannot try out what a request held.
 */
export function createFingerprint({ current }: Keyring): (text: string, bytes: Uint8Array) => string {
  const derived = Buffer.from(hkdfSync("sha256", current.key, new Uint8Array(), info, keyBytes));
  const key = createSecretKey(derived);
  derived.fill(0);
  return (text, bytes) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(text));
    return createHmac("sha256", key).update(length).update(text).update(bytes).digest("hex");
  };
}
