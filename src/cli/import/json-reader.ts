import { maxDepth, tooMuch, Unreadable } from "./entries.ts";
import { type Forest, type Member, maxNodes, type Tree } from "./tree.ts";

const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const word = /true|false|null/y;

/**
 * Reads JSON values, one behind the other, by RFC 8259 and nothing beyond it.
 *
 * @throws Unreadable `not_json` or `too_deep`, with the line
 * @throws CliFailure when there are more parts than fit into memory
 */
export function readJson(text: string): Forest {
  const reader = new JsonReader(text);
  const roots: Tree[] = [];
  while (!reader.isAtEnd()) {
    roots.push(reader.value(0));
  }
  return { text, roots };
}

/** A place in the text that moves on. */
class JsonReader {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #nodes = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    this.#skipSpace();
    return this.#at >= this.#text.length;
  }

  value(depth: number): Tree {
    this.#nodes += 1;
    if (this.#nodes > maxNodes) {
      throw tooMuch(`${maxNodes.toLocaleString("en")} parts`);
    }
    this.#skipSpace();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#list(depth);
      case '"': {
        const line = this.#line;
        return { kind: "text", text: this.#string(), line };
      }
      default:
        return this.#word();
    }
  }

  #object(depth: number): Tree {
    const { start, line } = this.#open(depth);
    const members: Member[] = [];
    while (this.#goesOn("}", members.length)) {
      const keyLine = this.#line;
      const key = this.#string();
      this.#skipSpace();
      this.#take(":");
      members.push({ key, line: keyLine, value: this.value(depth + 1) });
    }
    return { kind: "object", members, line, span: [start, this.#at] };
  }

  #list(depth: number): Tree {
    const { start, line } = this.#open(depth);
    const items: Tree[] = [];
    while (this.#goesOn("]", items.length)) {
      items.push(this.value(depth + 1));
    }
    return { kind: "list", items, line, span: [start, this.#at] };
  }

  #open(depth: number): { readonly start: number; readonly line: number } {
    if (depth >= maxDepth) {
      throw new Unreadable("too_deep", this.#line);
    }
    const start = this.#at;
    this.#at += 1;
    return { start, line: this.#line };
  }

  /** Whether another member or item follows; takes the comma before it, or the closing sign. */
  #goesOn(close: "}" | "]", count: number): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] === close) {
      this.#at += 1;
      return false;
    }
    if (count > 0) {
      this.#take(",");
      this.#skipSpace();
    }
    return true;
  }

  #string(): string {
    this.#take('"');
    const start = this.#at;
    let isEscaped = false;
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      // No sign at all (NaN), or a control character.
      if (!(code >= 0x20)) {
        throw this.#unreadable();
      }
      if (code === 0x22) {
        break;
      }
      isEscaped ||= code === 0x5c;
      this.#at += code === 0x5c ? 2 : 1;
    }
    const written = this.#text.slice(start, this.#at);
    this.#at += 1;
    return isEscaped ? this.#unescape(written) : written;
  }

  #unescape(written: string): string {
    try {
      return JSON.parse(`"${written}"`) as string;
    } catch {
      throw this.#unreadable();
    }
  }

  #word(): Tree {
    const line = this.#line;
    word.lastIndex = this.#at;
    number.lastIndex = this.#at;
    const text = (word.exec(this.#text) ?? number.exec(this.#text))?.[0];
    if (text === undefined) {
      throw this.#unreadable();
    }
    this.#at += text.length;
    return text === "null" ? { kind: "null", line } : { kind: "word", text, line };
  }

  #take(sign: string): void {
    if (this.#text[this.#at] !== sign) {
      throw this.#unreadable();
    }
    this.#at += 1;
  }

  #skipSpace(): void {
    for (;;) {
      const sign = this.#text[this.#at];
      if (sign === "\n" || (sign === "\r" && this.#text[this.#at + 1] !== "\n")) {
        this.#line += 1;
      } else if (sign !== " " && sign !== "\t" && sign !== "\r") {
        return;
      }
      this.#at += 1;
    }
  }

  #unreadable(): Unreadable {
    return new Unreadable("not_json", this.#line);
  }
}
