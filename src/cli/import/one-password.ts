import { type Finding, type FormatOptions, refuse, skip } from "./entries.ts";
import { emptyFinding, scalarFinding } from "./scalar.ts";
import { type Forest, field, isList, listed, repeatsKey, type Tree, textField } from "./tree.ts";

/** `op item get --format json`: one item, a list, or one behind the other. */
export function* readOnePassword({ roots }: Forest, options: FormatOptions): Generator<Finding> {
  for (const root of roots) {
    for (const item of listed(root)) {
      yield* readVaultItem(item, options);
    }
  }
}

function* readVaultItem(item: Tree, { allFields = false }: FormatOptions): Generator<Finding> {
  const title = textField(item, "title");
  if (title === undefined) {
    yield refuse("not_an_entry", item.line);
    return;
  }
  if (repeatsKey(item)) {
    yield refuse("duplicate", item.line, title);
    return;
  }
  const fields = field(item, "fields");
  if (!isList(fields)) {
    yield refuse("no_value", item.line, title);
    return;
  }
  const sections = sectionLabels(item);
  for (const each of fields.items) {
    const section = field(each, "section");
    const sectionLabel = textField(section, "label") ?? sections.get(textField(section, "id") ?? "");
    const label = textField(each, "label") ?? textField(each, "id") ?? "";
    const name = [title, ...(sectionLabel ? [sectionLabel] : []), label].join("/");
    yield readField(each, name, allFields);
  }
}

function readField(tree: Tree, name: string, allFields: boolean): Finding {
  const { line } = tree;
  if (repeatsKey(tree)) {
    return refuse("duplicate", line, name);
  }
  const type = textField(tree, "type");
  if (type !== "CONCEALED" && (!allFields || type === "OTP")) {
    return skip("not_concealed", line, name);
  }
  const value = field(tree, "value");
  return value === undefined ? emptyFinding(name, line) : scalarFinding(name, value, line);
}

function sectionLabels(item: Tree): ReadonlyMap<string, string> {
  const pairs = listed(field(item, "sections")).flatMap((section) => {
    const id = textField(section, "id");
    const label = textField(section, "label");
    return id === undefined || label === undefined ? [] : [[id, label] as const];
  });
  return new Map(pairs);
}
