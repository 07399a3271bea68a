import { isQuote, readQuoted } from "./dotenv-quotes.ts";
import {
  afterBlock,
  afterLine,
  applying,
  endOfLine,
  holdsReference,
  opensBlock,
  type RightSide,
  skipBlanks,
  trimBlanks,
} from "./dotenv-scan.ts";

const smartQuote = /^[\u2018-\u201f\u00ab\u00bb\u2039\u203a]$/;
const blankAtAnEnd = /^[\p{White_Space}\ufeff\u200b]|[\p{White_Space}\ufeff\u200b]$/u;

/** Reads what stands behind an `=`, over lines where it is quoted. */
export function readRightSide(text: string, after: number): RightSide {
  const start = skipBlanks(text, after);
  const sign = text[start];
  return isQuote(sign) ? readQuoted(text, start, sign) : readUnquoted(text, after);
}

function readUnquoted(text: string, after: number): RightSide {
  const end = endOfLine(text, after);
  const line = text.slice(after, end);
  const comment = line.search(/[ \t]#/);
  const value = trimBlanks(comment === -1 ? line : line.slice(0, comment));
  if (value.startsWith("-----BEGIN ") && opensBlock(value)) {
    return { next: afterBlock(text, end), outcome: "multiline_unquoted" };
  }
  if (isBetweenSmartQuotes(value)) {
    return { next: afterLine(end), outcome: "smart_quotes" };
  }
  const warnings = applying([
    [value === "" && comment !== -1, "comment_read"],
    [value.includes("#"), "hash_kept"],
    [value.endsWith("\\"), "backslash_kept"],
    [blankAtAnEnd.test(value), "spaces_kept"],
    [holdsReference(value), "dollar_kept"],
  ]);
  return { next: afterLine(end), outcome: { value, warnings } };
}

function isBetweenSmartQuotes(value: string): boolean {
  return value.length > 1 && smartQuote.test(value[0] ?? "") && smartQuote.test(value.at(-1) ?? "");
}
