/** Why something of a file was not taken, or was taken otherwise than some reader of the world takes it (contract people.md, section 5). */
export interface Remark {
  /** Absent where there is none. */
  readonly name?: string;
  readonly why: string;
  /** From 1. */
  readonly line: number;
}

interface DotenvEntry {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

interface Dotenv {
  readonly entries: readonly DotenvEntry[];
  readonly warnings: readonly Remark[];
  readonly refused: readonly Remark[];
}

/**
 * Parses a `.env` file. Where the readers of the world disagree, the text is kept and a warning says so, or the line is
 * refused; nothing is cut in silence. No remark holds a value.
 *
 * @example
 *     parseDotenv(Buffer.from("A=1 # one\n")); // entries: [{ name: "A", value: "1", line: 1 }]
 */
export function parseDotenv(bytes: Uint8Array): Dotenv {
  const parser = new DotenvParser(bytes);
  parser.parse();
  return parser;
}

const namePattern = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
const exported = /^export[ \t]+/;
const openQuotes = "“”„‟‘’‚‛«»‹›";

class DotenvParser implements Dotenv {
  readonly entries: DotenvEntry[] = [];
  readonly warnings: Remark[] = [];
  readonly refused: Remark[] = [];
  readonly #text: string;
  /** Where the next line begins, and its number. */
  #at = 0;
  #line = 1;
  #name = "";
  #entryLine = 1;

  constructor(bytes: Uint8Array) {
    const { text, badLine } = decoded(bytes);
    this.#text = text;
    if (badLine !== undefined) {
      this.refused.push({ why: "not_utf8", line: badLine });
    }
  }

  parse(): void {
    while (this.#at < this.#text.length) {
      this.#parseLine();
    }
  }

  #parseLine(): void {
    const start = this.#at;
    const end = this.#endOfLine(start);
    const line = this.#text.slice(start, end);
    this.#entryLine = this.#line;
    this.#name = "";
    if (/^[ \t]*(#|$)/.test(line)) {
      this.#goBehind(end);
      return;
    }
    const equals = line.indexOf("=");
    const left = (equals < 0 ? line : line.slice(0, equals)).trim().replace(exported, "");
    if (equals < 0 || !namePattern.test(left)) {
      this.#refuseLeft(line, left, equals);
      this.#goBehind(end);
      return;
    }
    this.#name = left;
    const valueAt = start + equals + 1 + (/^[ \t]*/.exec(line.slice(equals + 1))?.[0].length ?? 0);
    const first = this.#text[valueAt];
    if (valueAt < end && (first === "'" || first === '"')) {
      this.#parseQuoted(first, valueAt + 1);
    } else {
      this.#parsePlain(line.slice(equals + 1), end);
    }
  }

  #refuseLeft(line: string, left: string, equals: number): void {
    const yaml = /^[ \t]*([A-Za-z_][A-Za-z0-9_./-]*):([ \t]|$)/.exec(line);
    if (yaml !== null) {
      this.#refuse("yaml_style", yaml[1]);
    } else if (equals >= 0) {
      this.#refuse("bad_name");
    } else if (namePattern.test(left)) {
      // What stands alone may be a value: it is not shown.
      this.#refuse("no_value");
    } else {
      this.#refuse("not_an_entry");
    }
  }

  /** `right`: all behind the equals sign. */
  #parsePlain(right: string, end: number): void {
    const comment = /[ \t]#/.exec(right);
    const value = (comment === null ? right : right.slice(0, comment.index)).replace(/^[ \t]+|[ \t]+$/g, "");
    this.#goBehind(end);
    if (value.startsWith("-----BEGIN ") && !value.includes("-----END ")) {
      this.#skipBlock();
      this.#refuse("multiline_unquoted");
      return;
    }
    if (value.startsWith("`")) {
      this.#refuse("ambiguous_quote");
      return;
    }
    if (
      value.length > 1 &&
      openQuotes.includes(value.charAt(0)) &&
      openQuotes.includes(value.charAt(value.length - 1))
    ) {
      this.#refuse("smart_quotes");
      return;
    }
    if (value === "" && comment !== null) {
      this.#warn("comment_read");
    }
    if (value.includes("#")) {
      this.#warn("hash_kept");
    }
    if (value.endsWith("\\")) {
      this.#warn("backslash_kept");
    }
    if (value !== value.trim()) {
      this.#warn("spaces_kept");
    }
    this.#take(value, value);
  }

  /** A private key that stands on lines of its own is refused once, and not line by line. */
  #skipBlock(): void {
    const rest = /(?:^|\n)[^\n]*-----END [^\n]*/.exec(this.#text.slice(this.#at));
    if (rest !== null) {
      this.#goBehind(this.#at + rest.index + rest[0].length);
    }
  }

  #parseQuoted(quote: "'" | '"', start: number): void {
    const closing = quote === "'" ? this.#text.indexOf("'", start) : this.#closingDouble(start);
    if (closing < 0) {
      this.#refuse("unterminated_quote");
      this.#at = this.#text.length;
      return;
    }
    const inside = this.#text.slice(start, closing);
    const end = this.#endOfLine(closing);
    const behind = this.#text.slice(closing + 1, end);
    this.#goBehind(end);
    if (quote === "'" && inside.endsWith("\\")) {
      this.#refuse("ambiguous_quote");
    } else if (!/^[ \t]*$|^[ \t]+#/.test(behind)) {
      this.#refuse("text_after_quote");
    } else if (quote === "'") {
      if (inside.includes("\\\\")) {
        this.#warn("backslash_kept");
      }
      this.#take(inside, "");
    } else {
      this.#take(this.#unescaped(inside), inside.replace(/\\[\s\S]/g, ""));
    }
  }

  /** The next quotation mark that no backslash stands before, or -1. */
  #closingDouble(start: number): number {
    for (let at = start; at < this.#text.length; at++) {
      const each = this.#text[at];
      if (each === "\\") {
        at++;
      } else if (each === '"') {
        return at;
      }
    }
    return -1;
  }

  #unescaped(inside: string): string {
    const seen = new Set<string>();
    const value = inside.replace(/\\([\s\S])/g, (whole, escaped: string) => {
      const read = escapes[escaped];
      if (read === undefined) {
        seen.add("backslash_kept");
        return whole;
      }
      if (escaped !== "n" && escaped !== "r") {
        seen.add("escape_read");
      }
      return read;
    });
    for (const why of seen) {
      this.#warn(why);
    }
    return value;
  }

  /** @param expandable what of it another reader may expand */
  #take(value: string, expandable: string): void {
    if (value.includes("\0")) {
      this.#refuse("not_text");
      return;
    }
    if (/\$[A-Za-z0-9_{($]/.test(expandable)) {
      this.#warn("dollar_kept");
    }
    this.entries.push({ name: this.#name, value, line: this.#entryLine });
  }

  #warn(why: string): void {
    this.warnings.push({ name: this.#name, why, line: this.#entryLine });
  }

  #refuse(why: string, name = this.#name): void {
    this.refused.push({ ...(name === "" ? {} : { name }), why, line: this.#entryLine });
  }

  #endOfLine(from: number): number {
    const end = this.#text.indexOf("\n", from);
    return end < 0 ? this.#text.length : end;
  }

  /** Goes to the line behind the one that ends at `end`. */
  #goBehind(end: number): void {
    for (let at = this.#at; at <= end && at < this.#text.length; at++) {
      if (this.#text.charCodeAt(at) === lineFeed) {
        this.#line++;
      }
    }
    this.#at = end + 1;
  }
}

const lineFeed = 0x0a;
const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "\\": "\\", '"': '"', $: "$" };

/** The text up to the first line that is no UTF-8, with its line breaks as LF. */
function decoded(bytes: Uint8Array): { readonly text: string; readonly badLine: number | undefined } {
  try {
    // A byte order mark is skipped.
    return { text: lines(new TextDecoder("utf-8", { fatal: true }).decode(bytes)), badLine: undefined };
  } catch {
    const text = lines(new TextDecoder("utf-8").decode(bytes));
    const reread = lines(Buffer.from(bytes).toString("latin1")).split("\n");
    const bad = reread.findIndex((line) => !isUtf8(Buffer.from(line, "latin1")));
    return { text: text.split("\n").slice(0, bad).join("\n"), badLine: bad + 1 };
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

const lines = (text: string): string => text.replace(/\r\n?/g, "\n");
