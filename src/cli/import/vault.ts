import { type Finding, type FormatOptions, refuse, skip } from "./entries.ts";
import { joinName, writtenFindings } from "./scalar.ts";
import { type Forest, field, has, isObject, repeatsKey, type Tree, textField } from "./tree.ts";

/** An answer of Vault's API, as its command line writes it. */
export const isVaultAnswer = (root: Tree): boolean => has(root, "request_id") && has(root, "data");

/**
 * Whose answer it is: one of the second version has its secret in `data.data`, what it knows of it in `data.metadata`, and
 * no lease; one of the first has a lease, and in `data` the secret, which may have keys of these names too. Undefined: the
 * file has the marks of both or of neither.
 */
export function versionOfVault(root: Tree): "vault-kv1" | "vault-kv2" | undefined {
  const outer = field(root, "data");
  if (!isEnvelope(outer)) {
    return "vault-kv1";
  }
  const metadata = field(outer, "metadata");
  const isOfSecond = ["version", "destroyed"].some((key) => field(metadata, key)?.kind === "word");
  const lease = field(root, "lease_duration");
  const isOfFirst = lease?.kind === "word" && lease.text !== "0";
  if (isOfSecond === isOfFirst) {
    return undefined;
  }
  return isOfSecond ? "vault-kv2" : "vault-kv1";
}

/** Whether it has the shape of the second version: nothing but `data` and `metadata`, and objects, or null when it is deleted. */
function isEnvelope(outer: Tree | undefined): boolean {
  const members = isObject(outer) ? outer.members : [];
  const fits = members.every(
    ({ key, value }) => (key === "data" || key === "metadata") && (isObject(value) || value.kind === "null"),
  );
  return fits && has(outer, "data") && members.some(({ value }) => isObject(value));
}

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
