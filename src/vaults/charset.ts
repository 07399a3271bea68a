import { randomBytes } from "node:crypto";
import { Plaintext, VaultError } from "../base/index.ts";

/** What a generated value is made of. */
export type Charset = "hex" | "base64" | "alphanumeric" | "ascii";

export const defaultCharset: Charset = "hex";
const minGeneratedLength = 8;
const maxGeneratedLength = 1_024;
export const defaultGeneratedLength = 32;

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";
const characters: Readonly<Record<Charset, string>> = {
  hex: `${digits}abcdef`,
  base64: `${letters}${digits}+/`,
  alphanumeric: `${letters}${digits}`,
  // 0x21 to 0x7E
  ascii: `${letters}${digits}!"#$%&'()*+,-./:;<=>?@[\\]^_\`{|}~`,
};

/** @throws VaultError `INVALID_ARGUMENT` for anything but one of the four names. */
export function parseCharset(text: string): Charset {
  const names = Object.keys(characters) as Charset[];
  const charset = names.find((name) => name === text);
  if (charset === undefined) {
    throw new VaultError("INVALID_ARGUMENT", `charset must be one of ${names.join(", ")}`);
  }
  return charset;
}

/**
 * A fresh value of `length` characters, each with the same probability. A byte of the source that would prefer some
 * characters is thrown away (rejection sampling, NIST SP 800-90A Rev. 1 §A.5.1).
 *
 * @param random the source of bytes, which are overwritten; `crypto.randomBytes` outside tests
 * @throws VaultError `INVALID_ARGUMENT` when `length` is no integer from 8 to 1,024.
 */
export function generateValue(
  length: number,
  charset: Charset,
  random: (size: number) => Uint8Array = randomBytes,
): Plaintext {
  if (!Number.isInteger(length) || length < minGeneratedLength || length > maxGeneratedLength) {
    throw new VaultError(
      "INVALID_ARGUMENT",
      `length must be an integer from ${minGeneratedLength} to ${maxGeneratedLength}`,
    );
  }
  const from = characters[charset];
  const fair = 256 - (256 % from.length);
  const value = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const bytes = random(length - filled);
    for (const byte of bytes) {
      if (byte < fair) {
        value[filled] = from.charCodeAt(byte % from.length);
        filled += 1;
      }
    }
    bytes.fill(0);
  }
  return Plaintext.fromBytes(value);
}
