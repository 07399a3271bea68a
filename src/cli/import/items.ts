import { isLabel, isZid, maxPermissions } from "../../base/index.ts";
import { type EntryFields, type Finding, refuse } from "./entries.ts";
import { scalarFinding } from "./scalar.ts";
import { field, has, isObject, repeatsKey, type Tree } from "./tree.ts";

/** An item `{name|key, value}`, with what our own export says beside the value. */
export function readItem(item: Tree): Finding {
  const name = field(item, has(item, "name") ? "name" : "key");
  if (repeatsKey(item)) {
    return refuse("duplicate", item.line, name?.kind === "text" ? name.text : undefined);
  }
  const merged = isObject(item)
    ? item.members.find(({ key, value }) => key === "<<" && value.kind === "bad")
    : undefined;
  if (merged !== undefined) {
    // It may bring any of the fields.
    return refuse("not_supported", merged.line, name?.kind === "text" ? name.text : undefined);
  }
  if (name?.kind !== "text") {
    return refuse("not_an_entry", item.line);
  }
  const value = field(item, "value");
  if (value === undefined) {
    return refuse("no_value", item.line, name.text);
  }
  const fields = tryReadFields(item);
  return fields === undefined
    ? refuse("bad_field", item.line, name.text)
    : scalarFinding(name.text, value, item.line, fields);
}

/** Undefined: one of them is not as the vault takes it. Null is as absent, but for `expiresZeqond`. */
function tryReadFields(item: Tree): EntryFields | undefined {
  const purposeTag = readField(item, "purposeTag", (tree) => textWhere(tree, isLabel));
  const boundZid = readField(item, "boundZid", (tree) => textWhere(tree, isZid));
  const permissions = readField(item, "permissions", readPermissions);
  const expiresZeqond = isNull(field(item, "expiresZeqond"))
    ? { expiresZeqond: null }
    : readField(item, "expiresZeqond", readZeqond);
  return purposeTag === undefined || boundZid === undefined || permissions === undefined || expiresZeqond === undefined
    ? undefined
    : { ...purposeTag, ...boundZid, ...permissions, ...expiresZeqond };
}

function readField<K extends string, T>(
  item: Tree,
  key: K,
  read: (tree: Tree) => T | undefined,
): { readonly [P in K]?: T } | undefined {
  const tree = field(item, key);
  if (tree === undefined || isNull(tree)) {
    return {};
  }
  const value = read(tree);
  return value === undefined ? undefined : ({ [key]: value } as { readonly [P in K]?: T });
}

function readPermissions(tree: Tree): readonly string[] | undefined {
  if (tree.kind !== "list" || tree.items.length > maxPermissions) {
    return undefined;
  }
  const zids = tree.items.map((item) => textWhere(item, isZid));
  return zids.every((zid) => zid !== undefined) ? zids : undefined;
}

function readZeqond(tree: Tree): number | undefined {
  const zeqond = tree.kind === "word" && /^[0-9]{1,16}$/.test(tree.text) ? Number(tree.text) : undefined;
  return Number.isSafeInteger(zeqond) ? zeqond : undefined;
}

function textWhere(tree: Tree, holds: (text: string) => boolean): string | undefined {
  return tree.kind === "text" && holds(tree.text) ? tree.text : undefined;
}

function isNull(tree: Tree | undefined): boolean {
  return tree?.kind === "null";
}
