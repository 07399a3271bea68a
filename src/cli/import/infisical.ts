import { type Finding, type FormatOptions, refuse, skip, warn } from "./entries.ts";
import { scalarFinding } from "./scalar.ts";
import { type Forest, field, has, listed, repeatsKey, type Tree, textField } from "./tree.ts";

/** `infisical export --format=json`, and the items of its API. */
export function* readInfisical({ roots }: Forest, _options: FormatOptions): Generator<Finding> {
  for (const root of roots) {
    for (const item of listed(root)) {
      yield* readSecret(item);
    }
  }
}

function* readSecret(item: Tree): Generator<Finding> {
  const { line } = item;
  const key = textField(item, "key") ?? textField(item, "secretKey");
  if (key === undefined) {
    yield refuse("not_an_entry", line);
    return;
  }
  if (repeatsKey(item)) {
    yield refuse("duplicate", line, key);
    return;
  }
  const written = textField(item, "secretPath") ?? "";
  const path = written.replace(/^\//, "").replace(/\/$/, "");
  const name = path === "" ? key : `${path}/${key}`;
  if (textField(item, "type") === "personal") {
    yield skip("personal", line, name);
    return;
  }
  // The root, which every other path begins with, is no part of a name.
  if (path !== written && written !== "/") {
    yield warn("slash_dropped", line, name);
  }
  const value = field(item, has(item, "value") ? "value" : "secretValue");
  yield value === undefined ? refuse("no_value", line, name) : scalarFinding(name, value, line);
}
