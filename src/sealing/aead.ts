import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto";
import { VaultError } from "../base/index.ts";

const algorithm = "aes-256-gcm";

/** Length of an AES-256 key. */
export const keyBytes = 32;
/** Length of an IV: the one that GCM uses without hashing it (NIST SP 800-38D §7.1, §8.2.2). */
export const ivBytes = 12;
/** Length of an authentication tag: never truncated. */
const tagBytes = 16;

const options = { authTagLength: tagBytes } as const;

/** The source of IVs and data keys; `crypto.randomBytes` outside tests. */
export type RandomBytes = (size: number) => Uint8Array;

/**
 * Encrypts with AES-256-GCM into a box: `header | IV | ciphertext | tag`. The header is not authenticated here: the
 * caller of `decrypt` MUST check it. The IV MUST be fresh and random for each call under a key (NIST SP 800-38D §8.3).
 */
export function encrypt(
  key: KeyObject,
  header: Uint8Array,
  iv: Uint8Array,
  associatedData: Uint8Array,
  clear: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv(algorithm, key, iv, options).setAAD(associatedData);
  const ciphertext = cipher.update(clear);
  cipher.final();
  return Buffer.concat([header, iv, ciphertext, cipher.getAuthTag()]);
}

/**
 * Decrypts a box whose header has `headerBytes` and was checked by the caller.
 *
 * @throws VaultError `SEAL_BROKEN` when the box is too short or altered, or the key or the associated data is wrong.
 */
export function decrypt(key: KeyObject, headerBytes: number, associatedData: Uint8Array, box: Uint8Array): Uint8Array {
  const ivEnd = headerBytes + ivBytes;
  const tagStart = box.length - tagBytes;
  if (tagStart < ivEnd) {
    throw sealBroken("it is too short");
  }
  const decipher = createDecipheriv(algorithm, key, box.subarray(headerBytes, ivEnd), options)
    .setAAD(associatedData)
    .setAuthTag(box.subarray(tagStart));
  const clear = decipher.update(box.subarray(ivEnd, tagStart));
  try {
    decipher.final();
  } catch (cause) {
    clear.fill(0);
    throw sealBroken("it does not authenticate", cause);
  }
  return clear;
}

/** The only error of opening. The reason is for the logs and holds no key material and no plaintext. */
export function sealBroken(reason: string, cause?: unknown): VaultError {
  return new VaultError("SEAL_BROKEN", "the sealed value does not open", { cause: new Error(reason, { cause }) });
}
