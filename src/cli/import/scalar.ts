import { type EntryFields, type Finding, refuse, warn } from "./entries.ts";
import type { Tree } from "./tree.ts";

/** Names beyond it are refused before anything is joined to them. */
export const maxJoinedName = 1_024;

export const joinName = (path: string | undefined, key: string): string =>
  path === undefined ? key : `${path}/${key}`;

/** A value that must be a scalar: the text as it is written. */
export function scalarFinding(name: string, tree: Tree, line: number, fields: EntryFields = {}): Finding {
  switch (tree.kind) {
    case "text":
    case "word":
      return { kind: "entry", name, value: tree.text, line, ...fields };
    case "null":
      return emptyFinding(name, line);
    case "object":
      return tree.members.length === 0 ? emptyFinding(name, line) : refuse("not_text", line, name);
    case "list":
      return refuse("not_text", line, name);
    case "bad":
      return refuse(tree.why, line, name);
  }
}

/** No value: the rules skip it, unless its name stands elsewhere with another one. */
export const emptyFinding = (name: string, line: number): Finding => ({ kind: "entry", name, value: "", line });

/** As a scalar, but of an object or a list the JSON text, as it is written in `text`. */
export function* writtenFindings(name: string, tree: Tree, line: number, text: string): Generator<Finding> {
  if ((tree.kind === "object" || tree.kind === "list") && tree.span !== undefined) {
    yield { kind: "entry", name, value: text.slice(...tree.span), line };
    yield warn("json_kept", line, name);
  } else {
    yield scalarFinding(name, tree, line);
  }
}
