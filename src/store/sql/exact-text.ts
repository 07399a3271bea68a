import { isUtf8 } from "node:buffer";

/** What decoding puts in the place of bytes that are not UTF-8. A text may also hold it in its own right. */
export const replacementCharacter = "\uFFFD";

/** Begins what stands for a column that is no text: no column of ours holds a control character. */
const noText = "\u0000";

/**
 * A column's text as the hashes see it, exactly: decoding would mend bytes that are not UTF-8, and so make two columns
 * alike that are not. What is no text becomes one that no column of ours can hold.
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
