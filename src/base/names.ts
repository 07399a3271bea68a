/** The system's own ZID: the default owner, allowed to read every secret. */
export const systemZid = "ZEQ-SYS";

export const maxNameBytes = 255;
export const maxZidBytes = 128;
export const maxPurposeBytes = 128;
export const maxPermissions = 1_000;
export const maxValueBytes = 65_536;

// U+0000 to U+001F and U+007F to U+009F (Unicode category Cc), and the separator of `proof_digest`.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const forbidden = /[\u0000-\u001f\u007f-\u009f|]/;

/** Whether a string is a valid ZID: 1 to 128 bytes of UTF-8, no control character, no `|`. */
export function isZid(text: string): boolean {
  return isWord(text, maxZidBytes);
}

/** Whether a string is a valid secret name: 1 to 255 bytes of UTF-8, no control character, no `|`, not `.` or `..`. */
export function isSecretName(text: string): boolean {
  return isWord(text, maxNameBytes) && text !== "." && text !== "..";
}

/** Whether a string may be part of a name: empty, or the same rules as for a name. */
export function isNamePart(text: string): boolean {
  return text === "" || isWord(text, maxNameBytes);
}

/** Whether a string is a valid purpose or purpose tag: empty, or the same rules as for a ZID. */
export function isLabel(text: string): boolean {
  return text === "" || isWord(text, maxPurposeBytes);
}

function isWord(text: string, maxBytes: number): boolean {
  const bytes = Buffer.byteLength(text, "utf8");
  return bytes >= 1 && bytes <= maxBytes && text.isWellFormed() && !forbidden.test(text);
}
