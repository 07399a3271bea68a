import { tryDecodeBase64, tryDecodeText } from "./base64.ts";
import { crc32c } from "./crc32c.ts";
import { type Finding, type FormatOptions, refuse } from "./entries.ts";
import { type Forest, field, has, listed, repeatsKey, type Tree, textField } from "./tree.ts";

const resource = /^projects\/[^/]+\/(?:locations\/[^/]+\/)?secrets\/([^/]+)(?:\/|$)/;

/** Whether a tree is a secret of Google's Secret Manager, or a version of one. */
export const isGcloudSecret = (tree: Tree | undefined): boolean => resource.test(textField(tree, "name") ?? "");

/** `gcloud secrets versions access --format=json`: one, a list, or one behind the other. */
export function* readGcloud({ roots }: Forest, _options: FormatOptions): Generator<Finding> {
  for (const root of roots) {
    for (const item of listed(root)) {
      yield readVersion(item);
    }
  }
}

function readVersion(item: Tree): Finding {
  const { line } = item;
  const [, name] = resource.exec(textField(item, "name") ?? "") ?? [];
  if (name === undefined) {
    return refuse("not_an_entry", line);
  }
  const payload = field(item, "payload");
  if (repeatsKey(item) || repeatsKey(payload)) {
    return refuse("duplicate", line, name);
  }
  const data = textField(payload, "data");
  if (data === undefined) {
    return refuse("no_value", line, name);
  }
  const bytes = tryDecodeBase64(data);
  if (bytes === undefined) {
    return refuse("not_text", line, name);
  }
  if (has(payload, "dataCrc32c") && readChecksum(field(payload, "dataCrc32c")) !== String(crc32c(bytes))) {
    return refuse("bad_checksum", line, name);
  }
  const value = tryDecodeText(bytes);
  return value === undefined ? refuse("not_text", line, name) : { kind: "entry", name, value, line };
}

/** An int64 is a string in the JSON of Protocol Buffers; some clients write a number. */
function readChecksum(tree: Tree | undefined): string | undefined {
  return tree?.kind === "text" || tree?.kind === "word" ? tree.text : undefined;
}
