import type { RefusalReason, WarningReason } from "./entries.ts";

/** What the right side of an entry was found to be, and where the next line begins. */
export interface RightSide {
  readonly next: number;
  readonly outcome: { readonly value: string; readonly warnings: readonly WarningReason[] } | RefusalReason;
}

export function skipBlanks(text: string, from: number): number {
  let at = from;
  while (isBlank(text[at])) {
    at += 1;
  }
  return at;
}

/** Where the line ends in which a position lies: at its LF, or at the end of the text. */
export function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}

/** Where the next line begins; behind the end of the text when there is none. */
export const afterLine = (end: number): number => end + 1;

/** Whether a line opens a PEM block that it does not close; the block's lines would be taken for names. */
export const opensBlock = (line: string): boolean => line.includes("-----BEGIN ") && !line.includes("-----END ");

/** Behind the line that closes a PEM block, or at the end of the text. */
export function afterBlock(text: string, from: number): number {
  const last = text.indexOf("-----END ", from);
  return last === -1 ? text.length : afterLine(endOfLine(text, last));
}

/** Without the blanks and tabs of both ends. By hand, since `/[ \t]+$/` takes quadratic time. */
export function trimBlanks(text: string): string {
  const start = skipBlanks(text, 0);
  let end = text.length;
  while (end > start && isBlank(text[end - 1])) {
    end -= 1;
  }
  return text.slice(start, end);
}

/** The warnings that apply, of pairs of whether one does and which. */
export function applying(pairs: readonly (readonly [boolean, WarningReason])[]): readonly WarningReason[] {
  return pairs.filter(([applies]) => applies).map(([, why]) => why);
}

/** Whether other readers would put something in the place of a `$`. */
export const holdsReference = (text: string): boolean => /\$[\p{L}\d_{($]/u.test(text);

function isBlank(sign: string | undefined): boolean {
  return sign === " " || sign === "\t";
}
