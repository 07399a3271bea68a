import { tryDecodeBase64, tryDecodeText } from "./base64.ts";
import { type Finding, type FormatOptions, refuse, Unreadable, warn } from "./entries.ts";
import { readJson } from "./json-reader.ts";
import { joinName, writtenFindings } from "./scalar.ts";
import { type Forest, field, has, isObject, listed, repeatsKey, type Tree, textField } from "./tree.ts";

/** `aws secretsmanager get-secret-value`, and `batch-get-secret-value`. */
export function* readAws({ roots }: Forest, options: FormatOptions): Generator<Finding> {
  for (const root of roots) {
    if (repeatsKey(root)) {
      yield refuse("duplicate", root.line, textField(root, "Name"));
      continue;
    }
    if (!has(root, "SecretValues")) {
      yield* readSecret(root, options);
      continue;
    }
    for (const item of listed(field(root, "SecretValues"))) {
      yield* readSecret(item, options);
    }
    for (const item of listed(field(root, "Errors"))) {
      yield refuse("no_value", item.line, textField(item, "SecretId"));
    }
    const next = field(root, "NextToken");
    if (next !== undefined && next.kind !== "null") {
      yield { kind: "warning", why: "incomplete", line: next.line };
    }
  }
}

function* readSecret(item: Tree, { expandJson = false }: FormatOptions): Generator<Finding> {
  const { line } = item;
  const written = textField(item, "Name");
  if (written === undefined) {
    yield refuse("not_an_entry", line);
    return;
  }
  const name = written.startsWith("/") ? written.slice(1) : written;
  if (name !== written) {
    yield warn("slash_dropped", line, name);
  }
  if (repeatsKey(item)) {
    yield refuse("duplicate", line, name);
    return;
  }
  const value = readValue(item);
  const expanded = expandJson && typeof value === "object" ? tryReadObject(value.text) : undefined;
  if (typeof value === "string") {
    yield refuse(value, line, name);
  } else if (expanded === undefined) {
    yield { kind: "entry", name, value: value.text, line };
  } else {
    for (const member of expanded.members) {
      yield* writtenFindings(joinName(name, member.key), member.value, line, value.text);
    }
  }
}

function readValue(item: Tree): { readonly text: string } | "no_value" | "not_text" {
  const text = textField(item, "SecretString");
  if (text !== undefined) {
    return { text };
  }
  const binary = textField(item, "SecretBinary");
  if (binary === undefined) {
    return "no_value";
  }
  const bytes = tryDecodeBase64(binary);
  const decoded = bytes === undefined ? undefined : tryDecodeText(bytes);
  return decoded === undefined ? "not_text" : { text: decoded };
}

/** Undefined: it is no JSON object with a key, and stays one value. */
function tryReadObject(text: string) {
  try {
    const { roots } = readJson(text);
    const [root] = roots;
    return roots.length === 1 && isObject(root) && root.members.length > 0 ? root : undefined;
  } catch (error) {
    if (error instanceof Unreadable) {
      return undefined;
    }
    throw error;
  }
}
