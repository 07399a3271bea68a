import {
  Composer,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  Lexer,
  LineCounter,
  type Pair,
  type ParsedNode,
  Parser,
  Scalar,
} from "yaml";
import { maxDepth, tooMuch, Unreadable } from "./entries.ts";
import { withLineFeeds } from "./text.ts";
import { type Forest, type Member, maxNodes, type Tree } from "./tree.ts";

const maxAliases = 100;
/** A scalar is two lexemes, and there are signs and blanks between scalars. */
const maxLexemes = maxNodes / 2;
/** Of one scalar as it is written. The package takes a hundred times the memory for the lines of a block. */
const maxLexemeLength = 4_194_304;
const core = "tag:yaml.org,2002:";
const scalarTags: ReadonlySet<string> = new Set(
  ["str", "int", "float", "bool", "null", "timestamp"].map((name) => core + name),
);
const collectionTags: ReadonlySet<string> = new Set([`${core}map`, `${core}seq`]);
const nulls: ReadonlySet<string> = new Set(["", "~", "null", "Null", "NULL"]);
const jsonWord = /^(?:true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$/;

/** Scalars stay the text that they are; keys are compared by us, since the package does it in quadratic time. */
const options = { schema: "failsafe", merge: false, resolveKnownTags: false, uniqueKeys: false, strict: true } as const;

/**
 * Reads YAML documents; those without a node are left out.
 *
 * @throws Unreadable `not_yaml`, `too_deep`, `too_large` or `too_many_aliases`, with the line
 * @throws CliFailure when there are more parts than fit into memory
 */
export function readYaml(input: string): Forest {
  // The package takes a CR alone for a character; YAML 1.2.2 §5.4 for a line break.
  const text = withLineFeeds(input);
  const lines = new LineCounter();
  const converter = new Converter((offset) => lineAt(lines, offset));
  const roots: Tree[] = [];
  for (const document of composeDocuments(text, lines)) {
    const [error] = document.errors;
    if (error !== undefined) {
      throw new Unreadable("not_yaml", lineAt(lines, error.pos[0]));
    }
    if (document.contents !== null) {
      roots.push(converter.convertDocument(document.contents as ParsedNode));
    }
  }
  return { text, roots: roots.filter(({ kind }, _, all) => kind !== "null" || all.length === 1) };
}

const lineAt = (lines: LineCounter, offset: number): number => Math.max(1, lines.linePos(offset).line);

function* composeDocuments(text: string, lines: LineCounter) {
  const composer = new Composer(options);
  for (const token of parseTokens(text, lines)) {
    yield* composer.next(token);
  }
  yield* composer.end(true, text.length);
}

/** The package's parser, which keeps its open collections on a stack of its own; composing them would recurse. */
function* parseTokens(text: string, lines: LineCounter) {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    if (count > maxLexemes) {
      throw tooMuch(`${maxLexemes.toLocaleString("en")} parts`);
    }
    if (lexeme.length > maxLexemeLength) {
      throw new Unreadable("too_large", lineAt(lines, parser.offset));
    }
    yield* parser.next(lexeme);
    if (parser.stack.length > maxDepth + 1) {
      throw new Unreadable("too_deep", lineAt(lines, parser.offset));
    }
  }
  yield* parser.end();
}

class Converter {
  readonly #lineAt: (offset: number) => number;
  /** Undefined: the node is not complete. */
  #anchors = new Map<string, Tree | undefined>();
  #aliases = 0;

  constructor(lineAt: (offset: number) => number) {
    this.#lineAt = lineAt;
  }

  convertDocument(node: ParsedNode): Tree {
    this.#anchors = new Map();
    return this.#convert(node);
  }

  #convert(node: ParsedNode): Tree {
    const line = this.#lineAt(node.range[0]);
    if (isAlias(node)) {
      return this.#resolve(node.source, line);
    }
    const { anchor } = node;
    if (anchor !== undefined) {
      this.#anchors.set(anchor, undefined);
    }
    const tree = isCollection(node) ? this.#collection(node, line) : scalarTree(node, line);
    if (anchor !== undefined) {
      this.#anchors.set(anchor, tree);
    }
    return tree;
  }

  #collection(node: Exclude<ParsedNode, Scalar.Parsed>, line: number): Tree {
    if (node.tag !== undefined && !collectionTags.has(node.tag)) {
      return { kind: "bad", why: "not_supported", line };
    }
    if (isMap(node)) {
      return { kind: "object", members: node.items.map((pair) => this.#member(pair as YamlPair, line)), line };
    }
    const items = "items" in node ? (node.items as readonly (ParsedNode | YamlPair)[]) : [];
    return { kind: "list", items: items.map((item) => this.#item(item, line)), line };
  }

  #item(item: ParsedNode | YamlPair, line: number): Tree {
    return "key" in item && !("range" in item)
      ? { kind: "object", members: [this.#member(item, line)], line }
      : this.#convert(item as ParsedNode);
  }

  #member({ key, value }: YamlPair, parentLine: number): Member {
    const line = key?.range === undefined || key.range === null ? parentLine : this.#lineAt(key.range[0]);
    if (!isScalar(key) || (key.tag !== undefined && !scalarTags.has(key.tag))) {
      return { key: "?", line, value: { kind: "bad", why: "not_supported", line } };
    }
    const name = key.source ?? "";
    if (key.anchor !== undefined) {
      this.#convert(key);
    }
    const isMerge = name === "<<" && key.type === Scalar.PLAIN;
    if (name.startsWith("\ufeff") && key.type === Scalar.PLAIN) {
      // A byte order mark of a file that was put behind another, and no part of a name.
      return { key: name, line, value: { kind: "bad", why: "bad_name", line } };
    }
    const tree: Tree = value === null ? { kind: "null", line } : this.#convert(value);
    return { key: name, line, value: isMerge ? { kind: "bad", why: "not_supported", line } : tree };
  }

  #resolve(name: string, line: number): Tree {
    this.#aliases += 1;
    if (this.#aliases > maxAliases) {
      throw new Unreadable("too_many_aliases", line);
    }
    const tree = this.#anchors.get(name);
    if (tree === undefined) {
      throw new Unreadable("not_yaml", line);
    }
    return { ...tree, line };
  }
}

type YamlPair = Pair<ParsedNode, ParsedNode | null>;

function scalarTree(node: Scalar.Parsed, line: number): Tree {
  if (node.tag !== undefined && !scalarTags.has(node.tag)) {
    return { kind: "bad", why: "not_supported", line };
  }
  const text = node.source;
  if (node.type !== Scalar.PLAIN) {
    return { kind: "text", text, line };
  }
  if (nulls.has(text) && node.tag !== `${core}str`) {
    return { kind: "null", line };
  }
  return { kind: jsonWord.test(text) ? "word" : "text", text, line };
}
