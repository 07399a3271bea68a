import { type Finding, type FormatOptions, refuse, skip } from "./entries.ts";
import { scalarFinding } from "./scalar.ts";
import { type Forest, field, has, listed, repeatsKey, type Tree, textField } from "./tree.ts";

/** `infisical export --format=json`, and the items of its API. */
export function* readInfisical({ roots }: Forest, _options: FormatOptions): Generator<Finding> {
  for (const root of roots) {
    for (const item of listed(root)) {
      yield readSecret(item);
    }
  }
}

function readSecret(item: Tree): Finding {
  const { line } = item;
  const key = textField(item, "key") ?? textField(item, "secretKey");
  if (key === undefined) {
    return refuse("not_an_entry", line);
  }
  if (repeatsKey(item)) {
    return refuse("duplicate", line, key);
  }
  const path = (textField(item, "secretPath") ?? "").replace(/^\/|\/$/g, "");
  const name = path === "" ? key : `${path}/${key}`;
  if (textField(item, "type") === "personal") {
    return skip("personal", line, name);
  }
  const value = field(item, has(item, "value") ? "value" : "secretValue");
  return value === undefined ? refuse("no_value", line, name) : scalarFinding(name, value, line);
}
