import { isUtf8 } from "node:buffer";
import { SettingProblem } from "./config-error.ts";

const lineBreak = /[\n\v\f\r\u0085\u2028\u2029]/;
const byteOrderMark = "\uFEFF";
/** Node replaces environment bytes that are not UTF-8 with this character. */
const replacementCharacter = "\uFFFD";

/**
 * Decodes a file strictly: lenient decoding, which replaces invalid UTF-8, would read two different files as one key.
 *
 * @throws SettingProblem that names the kind of error and quotes none of the bytes
 */
export function decodeFile(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new SettingProblem("names a file in UTF-16: save it as UTF-8 without a byte order mark");
  }
  if (bytes.includes(0)) {
    throw new SettingProblem("names a file that holds a NUL: it must be UTF-8 text");
  }
  if (!isUtf8(bytes)) {
    throw new SettingProblem("names a file that is not UTF-8: random bytes must be written as hex or base64");
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  if (text.startsWith(byteOrderMark)) {
    throw new SettingProblem("names a file that begins with a byte order mark: save it as UTF-8 without one");
  }
  return text;
}

/**
 * Checks an environment value, which Node has already decoded, with U+FFFD in place of invalid UTF-8.
 *
 * @throws SettingProblem
 */
export function checkValue(text: string): string {
  if (text.includes(replacementCharacter) || !text.isWellFormed()) {
    throw new SettingProblem("is not UTF-8, or holds U+FFFD: random bytes must be written as hex or base64");
  }
  if (text.startsWith(byteOrderMark)) {
    throw new SettingProblem("begins with a byte order mark: remove it");
  }
  return text;
}

/** @throws SettingProblem when a secret has more than one line */
export function checkOneLine(text: string): string {
  if (lineBreak.test(text)) {
    throw new SettingProblem("must be one line: it holds a line break");
  }
  return text;
}

/** @throws SettingProblem for a key that cannot be random: one character repeated */
export function checkNotRepeated(text: string): string {
  const [first] = text;
  if (first !== undefined && text === first.repeat(text.length / first.length)) {
    throw new SettingProblem("must not be one character repeated: draw it at random");
  }
  return text;
}
