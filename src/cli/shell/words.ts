import { usage } from "../failure.ts";

/** A word of a line: as it is meant, and as it was typed. */
export interface Word {
  readonly text: string;
  /** With its quotes. */
  readonly typed: string;
  /** Where it begins in the line. */
  readonly start: number;
}

interface SplitLine {
  readonly words: readonly Word[];
  /** The quote that is still open, a backslash at the end, or nothing. */
  readonly open: string;
}

const blank = /\s/;
/** What a shell would not take as a part of a word, with the number of a file before it. */
const operator = /^[0-9]?[|<>]|^[&;]/;

/** Words with blanks between: quotes and backslashes as in a shell, and nothing else of one. */
export function splitWords(line: string): SplitLine {
  const words: Word[] = [];
  let open = "";
  for (let at = 0; at < line.length; ) {
    if (blank.test(line.charAt(at))) {
      at += 1;
      continue;
    }
    const word = wordAt(line, at);
    words.push({ text: word.text, typed: line.slice(at, word.end), start: at });
    open = word.open;
    at = word.end;
  }
  return { words, open };
}

/** A complete line. @throws CliFailure on what is left open, and on what only a shell understands; no word is in its text */
export function parseLine(line: string): readonly string[] {
  const { words, open } = splitWords(line);
  if (open !== "") {
    throw open === "\\"
      ? usage("there is nothing behind the last backslash", "\\\\ for a backslash")
      : usage(`a quote is not closed: ${open}`, `${open} at its end, or a backslash before it`);
  }
  for (const { typed } of words) {
    const [found] = operator.exec(typed) ?? [];
    if (found !== undefined) {
      throw usage(
        `this is no shell for pipes, files or several commands: ${operatorOf(typed)}`,
        `the same with zsc in your own shell, or '${operatorOf(typed)}' in quotes where it is meant as it stands`,
      );
    }
  }
  return words.map(({ text }) => text);
}

function operatorOf(typed: string): string {
  return /^[0-9]?[|<>&;]+/.exec(typed)?.[0] ?? typed;
}

/** One word from `start` on. */
function wordAt(line: string, start: number): { readonly text: string; readonly end: number; readonly open: string } {
  let text = "";
  let quote = "";
  let at = start;
  for (; at < line.length; at += 1) {
    const character = line.charAt(at);
    const next = line.charAt(at + 1);
    if (character === "\\" && quote !== "'" && (quote === "" || next === '"' || next === "\\")) {
      if (next === "") {
        return { text, end: line.length, open: "\\" };
      }
      text += next;
      at += 1;
    } else if (quote === "" ? character === "'" || character === '"' : character === quote) {
      quote = quote === "" ? character : "";
    } else if (quote === "" && blank.test(character)) {
      break;
    } else {
      text += character;
    }
  }
  return { text, end: at, open: quote };
}
