import { type Finding, type FormatOptions, maxDepth, refuse, skip } from "./entries.ts";
import { readItem } from "./items.ts";
import { joinName, maxJoinedName, scalarFinding } from "./scalar.ts";
import { type Forest, isList, isObject, type ObjectNode, type Tree } from "./tree.ts";

/** An object, whose objects inside are joined with `/`, or a list of `{name|key, value}`. */
export function* readJsonEntries({ roots }: Forest, _options: FormatOptions): Generator<Finding> {
  const [root, second] = roots;
  if (second !== undefined) {
    yield refuse("not_json", second.line);
    return;
  }
  yield* readPlainTree(root);
}

/** As JSON, for each document. */
export function* readYamlEntries({ roots }: Forest, _options: FormatOptions): Generator<Finding> {
  for (const root of roots) {
    yield* readPlainTree(root);
  }
}

function* readPlainTree(root: Tree | undefined): Generator<Finding> {
  if (isList(root)) {
    for (const item of root.items) {
      yield readItem(item);
    }
  } else if (isObject(root)) {
    for (const { key, line, value } of root.members) {
      // What sops says about the ciphertexts of the file.
      if (key === "sops" && isObject(value)) {
        yield skip("metadata", line, key);
      }
    }
    yield* flatten({ ...root, members: root.members.filter(({ key, value }) => key !== "sops" || !isObject(value)) });
  } else if (root !== undefined && root.kind !== "null") {
    yield refuse("not_an_entry", root.line);
  }
}

function* flatten(node: ObjectNode, path?: string, depth = 0): Generator<Finding> {
  const contested = contestedKeys(node);
  for (const { key, line, value } of node.members) {
    const name = joinName(path, key);
    if (name.length > maxJoinedName) {
      yield refuse("bad_name", line, name.slice(0, maxJoinedName));
    } else if (contested.has(key)) {
      yield refuse("duplicate", line, name);
    } else if (!isObject(value) || value.members.length === 0) {
      yield scalarFinding(name, value, line);
    } else if (depth >= maxDepth) {
      yield refuse("too_deep", line, name);
    } else {
      yield* flatten(value, name, depth + 1);
    }
  }
}

/** Keys that stand twice where not all are scalars, which the names of the entries would not show. */
function contestedKeys({ members }: ObjectNode): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const { key } of members) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  if (counts.size === members.length) {
    return new Set();
  }
  return new Set(
    members.filter(({ key, value }) => (counts.get(key) ?? 0) > 1 && isNested(value)).map(({ key }) => key),
  );
}

function isNested({ kind }: Tree): boolean {
  return kind === "object" || kind === "list" || kind === "bad";
}
