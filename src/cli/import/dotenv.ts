import { isQuote } from "./dotenv-quotes.ts";
import { afterBlock, afterLine, endOfLine, opensBlock, type RightSide, skipBlanks } from "./dotenv-scan.ts";
import { readRightSide } from "./dotenv-value.ts";
import { type Finding, type RefusalReason, refuse, warn } from "./entries.ts";
import { withLineFeeds } from "./text.ts";

/** An entry as far as its left side is read. */
interface LeftSide {
  readonly name: string;
  /** Just behind the `=`. */
  readonly after: number;
}

const leftSide = /(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_./-]*)[ \t]*=/y;
const bareName = /^(?:export[ \t]+)?[A-Za-z_][A-Za-z0-9_./-]*[ \t]*(?:$|[ \t]#)/;
const separator = /=|:(?=[ \t])/;
const yamlStyle = /^(?:export[ \t]+)?[A-Za-z_][A-Za-z0-9_./-]*[ \t]*:(?:$|[ \t])/;

/**
 * Reads the `.env` grammar of the contract (people.md, section 5). Where the readers of the world disagree, the text is
 * kept or the line refused.
 *
 * What is no entry is told by its line alone: it may be a part of a value.
 */
export function* readDotenv(input: string): Generator<Finding> {
  const text = withLineFeeds(input);
  let line = 1;
  for (let at = 0; at < text.length; ) {
    const { next, findings } = readRecord(text, at, line);
    const lines = countLines(text, at, next);
    for (const finding of findings) {
      yield lines > 1 ? { ...finding, lastLine: line + lines - 1 } : finding;
    }
    line += lines;
    at = next;
  }
}

/** One entry with all its lines, or a line that is none. */
function readRecord(text: string, at: number, line: number): { readonly next: number; readonly findings: Finding[] } {
  const start = skipBlanks(text, at);
  const end = endOfLine(text, start);
  if (start === end || text[start] === "#") {
    return { next: afterLine(end), findings: text.slice(at, end).includes("\0") ? [refuse("not_text", line)] : [] };
  }
  const left = tryReadLeft(text, start);
  if (left === undefined) {
    const written = text.slice(start, end);
    return { next: afterNoEntry(text, start, written), findings: [refuse(whyNoEntry(written), line)] };
  }
  const { name, after } = left;
  const { next, outcome } = readRightSide(text, after);
  return { next, findings: [...judge(text.slice(at, next), name, outcome, line)] };
}

function* judge(written: string, name: string, outcome: RightSide["outcome"], line: number): Generator<Finding> {
  if (typeof outcome === "string") {
    yield refuse(outcome, line, name);
  } else if (written.includes("\0")) {
    yield refuse("not_text", line, name);
  } else {
    yield { kind: "entry", name, value: outcome.value, line };
    for (const why of outcome.warnings) {
      yield warn(why, line, name);
    }
  }
}

function tryReadLeft(text: string, at: number): LeftSide | undefined {
  leftSide.lastIndex = at;
  const [, name] = leftSide.exec(text) ?? [];
  return name === undefined ? undefined : { name, after: leftSide.lastIndex };
}

/** Behind a line that is no entry, and what it opens: lines of a value would be taken for entries, and its text for names. */
function afterNoEntry(text: string, start: number, line: string): number {
  const end = start + line.length;
  const sign = line.search(separator);
  if (sign !== -1 && isQuote(text[skipBlanks(text, start + sign + 1)])) {
    return readRightSide(text, start + sign + 1).next;
  }
  return opensBlock(line) ? afterBlock(text, end) : afterLine(end);
}

function whyNoEntry(line: string): RefusalReason {
  if (line.includes("\0")) {
    return "not_text";
  }
  if (bareName.test(line)) {
    return "no_value";
  }
  if (yamlStyle.test(line)) {
    return "yaml_style";
  }
  if (opensBlock(line)) {
    return "multiline_unquoted";
  }
  return line.includes("=") ? "bad_name" : "not_an_entry";
}

function countLines(text: string, from: number, to: number): number {
  let lines = 0;
  for (let at = from; at < to; at = afterLine(endOfLine(text, at))) {
    lines += 1;
  }
  return lines;
}
