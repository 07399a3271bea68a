import { type Finding, type FormatOptions, refuse, skip } from "./entries.ts";
import { joinName, writtenFindings } from "./scalar.ts";
import { type Forest, field, isObject, repeatsKey, type Tree, textField } from "./tree.ts";

/** `vault kv get -format=json` of the second version. The file does not say the path: `--path` does. */
export function* readVaultKv2({ text, roots }: Forest, options: FormatOptions): Generator<Finding> {
  const outer = field(roots[0], "data");
  const data = field(outer, "data");
  if (repeatsKey(outer)) {
    yield refuse("duplicate", outer?.line ?? 1);
    return;
  }
  if (isDeleted(field(outer, "metadata"), data)) {
    yield skip("deleted", outer?.line ?? 1, pathOf(options) ?? "data");
    return;
  }
  yield* readKeys(data, roots, text, options);
}

/** `vault read -format=json`, of the first version and of other engines. */
export function* readVaultKv1({ text, roots }: Forest, options: FormatOptions): Generator<Finding> {
  yield* readKeys(field(roots[0], "data"), roots, text, options);
}

function* readKeys(
  data: Tree | undefined,
  roots: readonly Tree[],
  text: string,
  options: FormatOptions,
): Generator<Finding> {
  const [root, second] = roots;
  if (second !== undefined) {
    yield refuse("not_json", second.line);
  } else if (root !== undefined && repeatsKey(root)) {
    yield refuse("duplicate", root.line);
  } else if (!isObject(data)) {
    yield refuse("no_value", data?.line ?? root?.line ?? 1);
  } else {
    for (const { key, line, value } of data.members) {
      yield* writtenFindings(joinName(pathOf(options), key), value, line, text);
    }
  }
}

function pathOf({ path }: FormatOptions): string | undefined {
  const trimmed = path?.replace(/\/$/, "");
  return trimmed === "" ? undefined : trimmed;
}

function isDeleted(metadata: Tree | undefined, data: Tree | undefined): boolean {
  const destroyed = field(metadata, "destroyed");
  const deletionTime = textField(metadata, "deletion_time") ?? "";
  return (destroyed?.kind === "word" && destroyed.text === "true") || (deletionTime !== "" && !isObject(data));
}
