import { isUtf8 } from "node:buffer";

/** The character that decoding substitutes for invalid UTF-8. Valid text may contain it too. */
export const replacementCharacter = "\uFFFD";

/** Prefix of the placeholder for a value that is not text. None of our columns holds a control character. */
const noText = "\u0000";

/**
 * The exact text of a column, as hashed. Decoding replaces invalid UTF-8, which would make different columns equal, so
 * a value that is not valid text becomes a placeholder that none of our columns can hold.
 */
export function exactText(value: unknown): string {
  if (typeof value === "string") {
    return value;
  }
  if (value === null || value === undefined) {
    return `${noText}null`;
  }
  if (!Buffer.isBuffer(value)) {
    return String(value);
  }
  const text = value.toString("utf8");
  return text.includes(replacementCharacter) && !isUtf8(value) ? noText + value.toString("hex") : text;
}
