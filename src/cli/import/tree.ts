import type { RefusalReason } from "./entries.ts";

/** JSON or YAML as it is written: no number is computed, and a key that stands twice is there twice. */
export type Tree = TextNode | WordNode | NullNode | ListNode | ObjectNode | BadNode;

interface Placed {
  /** Where it begins, from 1. */
  readonly line: number;
}

/** A string. */
interface TextNode extends Placed {
  readonly kind: "text";
  readonly text: string;
}

/** A number or a boolean, as it is written. */
interface WordNode extends Placed {
  readonly kind: "word";
  readonly text: string;
}

interface NullNode extends Placed {
  readonly kind: "null";
}

interface ListNode extends Placed {
  readonly kind: "list";
  readonly items: readonly Tree[];
  /** JSON: where its text lies. */
  readonly span?: Span;
}

export interface ObjectNode extends Placed {
  readonly kind: "object";
  readonly members: readonly Member[];
  /** JSON: where its text lies. */
  readonly span?: Span;
}

/** What its syntax allows and an import does not take, such as a merge key. */
interface BadNode extends Placed {
  readonly kind: "bad";
  readonly why: RefusalReason;
}

export interface Member {
  readonly key: string;
  /** Of the key. */
  readonly line: number;
  readonly value: Tree;
}

type Span = readonly [start: number, end: number];

/** What a text holds, one behind the other. */
export interface Forest {
  readonly text: string;
  readonly roots: readonly Tree[];
}

/** Against inputs that are small on disk and would fill the memory. */
export const maxNodes = 4_000_000;

export const isObject = (tree: Tree | undefined): tree is ObjectNode => tree?.kind === "object";

export const isList = (tree: Tree | undefined): tree is ListNode => tree?.kind === "list";

/** Whether an object has a key twice: readers disagree about which of the two counts. */
export const repeatsKey = (tree: Tree | undefined): boolean =>
  isObject(tree) && new Set(tree.members.map(({ key }) => key)).size !== tree.members.length;

/** A member by its key; undefined when it is absent or stands twice, so that none of the two is preferred. */
export function field(tree: Tree | undefined, key: string): Tree | undefined {
  if (!isObject(tree)) {
    return undefined;
  }
  const found = tree.members.filter((member) => member.key === key);
  return found.length === 1 ? found[0]?.value : undefined;
}

/** The text of a string member. */
export function textField(tree: Tree | undefined, key: string): string | undefined {
  const found = field(tree, key);
  return found?.kind === "text" ? found.text : undefined;
}

export const has = (tree: Tree | undefined, key: string): boolean =>
  isObject(tree) && tree.members.some((member) => member.key === key);

/** The items of a list, or the one tree that is none. */
export const listed = (tree: Tree | undefined): readonly Tree[] =>
  tree === undefined ? [] : isList(tree) ? tree.items : [tree];
