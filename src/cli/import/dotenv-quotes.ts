import { maxValueBytes } from "../../base/index.ts";
import { afterLine, applying, endOfLine, holdsReference, type RightSide, skipBlanks } from "./dotenv-scan.ts";

/** Those that are read in double quotes. All readers agree on the first two. */
const escapes: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["\\", "\\"],
  ['"', '"'],
  ["$", "$"],
]);

/** A value between quotes; undefined: there is no closing one. */
interface Quoted {
  /** Of the closing quote. */
  readonly close: number;
  readonly outcome: RightSide["outcome"];
}

type Quote = '"' | "'" | "`";

export const isQuote = (sign: string | undefined): sign is Quote => sign === '"' || sign === "'" || sign === "`";

/** Reads a value whose opening quote stands at `open`, and the rest of the line behind its closing one. */
export function readQuoted(text: string, open: number, sign: Quote): RightSide {
  if (sign === "`") {
    // A script's template, or a command that a shell would run. What it spans is no entry.
    const close = text.indexOf("`", open + 1);
    return { next: afterLine(endOfLine(text, Math.max(open, close))), outcome: "ambiguous_quote" };
  }
  const quoted = sign === "'" ? readSingle(text, open) : readDouble(text, open);
  if (quoted === undefined) {
    return { next: text.length, outcome: "unterminated_quote" };
  }
  const { close, outcome } = quoted;
  const end = endOfLine(text, close);
  const rest = skipBlanks(text, close + 1);
  const ends = rest === end || (text[rest] === "#" && rest > close + 1);
  if (ends) {
    return { next: afterLine(end), outcome };
  }
  const wordEnd = tryFindWordEnd(text, close + 1);
  const next = wordEnd === undefined ? text.length : afterLine(endOfLine(text, wordEnd));
  return { next, outcome: typeof outcome === "string" ? outcome : "text_after_quote" };
}

/**
 * Where what a shell joins to a quoted text ends: other quoted texts (`'it'\''s'`, `"""`), which may go over lines. Those
 * lines are of this value, and no entries. Undefined: one of them has no closing quote.
 */
function tryFindWordEnd(text: string, from: number): number | undefined {
  let at = from;
  for (;;) {
    const sign = text[at];
    if (sign === "\\" && isQuote(text[at + 1])) {
      at += 2;
    } else if (isQuote(sign)) {
      const close = sign === '"' ? readDouble(text, at)?.close : text.indexOf(sign, at + 1);
      if (close === undefined || close === -1) {
        return undefined;
      }
      at = close + 1;
    } else {
      return at;
    }
  }
}

/** Literally, to the next quote. */
function readSingle(text: string, open: number): Quoted | undefined {
  const close = text.indexOf("'", open + 1);
  if (close === -1) {
    return undefined;
  }
  const value = text.slice(open + 1, close);
  if (backslashesAtEnd(value) % 2 === 1) {
    return { close, outcome: "ambiguous_quote" };
  }
  return { close, outcome: { value, warnings: applying([[value.includes("\\\\"), "backslash_kept"]]) } };
}

function backslashesAtEnd(text: string): number {
  let count = 0;
  while (text[text.length - 1 - count] === "\\") {
    count += 1;
  }
  return count;
}

function readDouble(text: string, open: number): Quoted | undefined {
  const value = new BoundedText();
  let [escapeRead, backslashKept, dollarKept] = [false, false, false];
  const special = /["\\]/g;
  let from = open + 1;
  for (;;) {
    special.lastIndex = from;
    const found = special.exec(text);
    if (found === null) {
      return undefined;
    }
    const plain = text.slice(from, found.index);
    value.add(plain);
    dollarKept ||= holdsReference(plain);
    if (found[0] === '"') {
      const warnings = applying([
        [escapeRead, "escape_read"],
        [backslashKept, "backslash_kept"],
        [dollarKept, "dollar_kept"],
      ]);
      return { close: found.index, outcome: value.isTooLarge ? "too_large" : { value: value.text(), warnings } };
    }
    const escaped = text[found.index + 1] ?? "";
    const read = escapes.get(escaped);
    value.add(read ?? "\\");
    escapeRead ||= read !== undefined && escaped !== "n" && escaped !== "r";
    backslashKept ||= read === undefined;
    from = found.index + (read === undefined ? 1 : 2);
  }
}

/** Collects no more than a value may have, so that millions of escapes do not fill the memory. */
class BoundedText {
  readonly #parts: string[] = [];
  #length = 0;

  get isTooLarge(): boolean {
    return this.#length > maxValueBytes;
  }

  add(part: string): void {
    this.#length += part.length;
    if (!this.isTooLarge) {
      this.#parts.push(part);
    }
  }

  text(): string {
    return this.#parts.join("");
  }
}
