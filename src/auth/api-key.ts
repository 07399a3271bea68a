import { hash, randomBytes } from "node:crypto";
import { Plaintext } from "../base/index.ts";

/** `1ck_`: of a user; `ocv_`: of an agent (contract 1claw.md, section 3). */
type KeyKind = "1ck_" | "ocv_";

/** What is kept of a key. It has 256 random bits, so a hash without stretching suffices. */
export interface KeyRecord {
  /** The first 12 characters, by which it is found and shown. */
  readonly prefix: string;
  /** SHA-256 of its characters. */
  readonly hash: Uint8Array;
}

/** A key as a caller presents it, without the key itself. */
export interface PresentedKey extends KeyRecord {
  readonly kind: KeyKind;
}

const randomKeyBytes = 32;
const prefixLength = 12;
const form = /^(?:1ck|ocv)_[A-Za-z0-9_-]{43}$/;

/** A new key. `key` is shown once, and is the caller's to wipe. */
export function createApiKey(kind: KeyKind): { readonly key: Plaintext; readonly record: KeyRecord } {
  const text = kind + randomBytes(randomKeyBytes).toString("base64url");
  return { key: Plaintext.fromString(text), record: recordOf(text) };
}

/** What is to be compared with what is kept; undefined for a text that is no key. */
export function tryParseApiKey(text: string): PresentedKey | undefined {
  return form.test(text) ? { kind: text.slice(0, 4) as KeyKind, ...recordOf(text) } : undefined;
}

function recordOf(text: string): KeyRecord {
  return { prefix: text.slice(0, prefixLength), hash: hash("sha256", text, "buffer") };
}
