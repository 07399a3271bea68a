/** The system itself: owner by default, and allowed to read every secret. */
export const systemZid = "ZEQ-SYS";

export const maxNameBytes = 255;
export const maxZidBytes = 128;
export const maxPurposeBytes = 128;
export const maxPermissions = 1_000;
export const maxValueBytes = 65_536;

// U+0000 to U+001F and U+007F to U+009F (Unicode category Cc), and the separator of `proof_digest`.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const forbidden = /[\u0000-\u001f\u007f-\u009f|]/;

/** Whether a string can be a ZID: 1 to 128 bytes of UTF-8, no control character, no `|`. */
export function isZid(text: string): boolean {
  return isWord(text, maxZidBytes);
}

/** Whether a string can be the name of a secret: 1 to 255 bytes of UTF-8, neither `.` nor `..`. */
export function isSecretName(text: string): boolean {
  return isWord(text, maxNameBytes) && text !== "." && text !== "..";
}

/** Whether a string can be a purpose or a purpose tag: as a ZID, or empty. */
export function isLabel(text: string): boolean {
  return text === "" || isWord(text, maxPurposeBytes);
}

function isWord(text: string, maxBytes: number): boolean {
  const bytes = Buffer.byteLength(text, "utf8");
  return bytes >= 1 && bytes <= maxBytes && text.isWellFormed() && !forbidden.test(text);
}
