/** JSON as it is written: numbers digit by digit, keys that are there twice, and the line of each value. */
export type JsonNode =
  | { readonly kind: "object"; readonly members: readonly JsonMember[]; readonly line: number; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly JsonNode[]; readonly line: number; readonly text: string }
  | { readonly kind: "text"; readonly value: string; readonly line: number; readonly text: string }
  /** A number, `true`, `false` or `null`, as it is written. */
  | { readonly kind: "word"; readonly line: number; readonly text: string };

interface JsonMember {
  readonly key: string;
  readonly value: JsonNode;
}

/** What is no JSON. */
export class NotJson extends Error {
  override readonly name = "NotJson";
  readonly line: number;
  readonly why: string;

  constructor(line: number, why = "not_json") {
    super(why);
    this.line = line;
    this.why = why;
  }
}

/** Deeper files are nobody's secrets, and would fill the stack. */
const maxDepth = 100;

/**
 * The values of a text: one, or several that stand one behind the other.
 *
 * @throws NotJson with the line
 */
export function parseJsonTexts(text: string): readonly JsonNode[] {
  const parser = new JsonParser(text);
  const values: JsonNode[] = [];
  for (parser.skipBlanks(); !parser.isAtEnd; parser.skipBlanks()) {
    values.push(parser.value(0));
  }
  return values;
}

const blanks = /[ \t\n\r]*/y;
const words = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in texts
const strings = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/y;

class JsonParser {
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  skipBlanks(): void {
    this.#take(blanks);
  }

  value(depth: number): JsonNode {
    if (depth > maxDepth) {
      throw new NotJson(this.#line, "too_deep");
    }
    const start = this.#at;
    const line = this.#line;
    const first = this.#text[start];
    if (first === "{") {
      const members = this.#members(depth);
      return { kind: "object", members, line, text: this.#text.slice(start, this.#at) };
    }
    if (first === "[") {
      const items = this.#items(depth);
      return { kind: "list", items, line, text: this.#text.slice(start, this.#at) };
    }
    if (first === '"') {
      const text = this.#string();
      return { kind: "text", value: JSON.parse(text) as string, line, text };
    }
    const text = this.#take(words);
    if (text === "") {
      throw new NotJson(this.#line);
    }
    return { kind: "word", line, text };
  }

  #members(depth: number): readonly JsonMember[] {
    const members: JsonMember[] = [];
    this.#each("}", () => {
      const key = JSON.parse(this.#string()) as string;
      this.skipBlanks();
      this.#expect(":");
      this.skipBlanks();
      members.push({ key, value: this.value(depth + 1) });
    });
    return members;
  }

  #items(depth: number): readonly JsonNode[] {
    const items: JsonNode[] = [];
    this.#each("]", () => items.push(this.value(depth + 1)));
    return items;
  }

  /** What stands between an opening mark, commas and `end`. */
  #each(end: string, one: () => void): void {
    this.#at += 1;
    this.skipBlanks();
    if (this.#text[this.#at] === end) {
      this.#at += 1;
      return;
    }
    for (;;) {
      one();
      this.skipBlanks();
      if (this.#text[this.#at] === end) {
        this.#at += 1;
        return;
      }
      this.#expect(",");
      this.skipBlanks();
    }
  }

  #string(): string {
    const text = this.#take(strings);
    if (text === "") {
      throw new NotJson(this.#line);
    }
    return text;
  }

  #expect(mark: string): void {
    if (this.#text[this.#at] !== mark) {
      throw new NotJson(this.#line);
    }
    this.#at += 1;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    for (let at = found.indexOf("\n"); at >= 0; at = found.indexOf("\n", at + 1)) {
      this.#line++;
    }
    this.#at += found.length;
    return found;
  }
}

/** The value of a member; undefined when there is none. */
export function member(node: JsonNode | undefined, key: string): JsonNode | undefined {
  return node?.kind === "object" ? node.members.findLast((each) => each.key === key)?.value : undefined;
}

/** The text of a member; undefined when it is none. */
export function textMember(node: JsonNode | undefined, key: string): string | undefined {
  const found = member(node, key);
  return found?.kind === "text" ? found.value : undefined;
}
