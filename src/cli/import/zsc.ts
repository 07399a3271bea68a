import { type Finding, type FormatOptions, refuse } from "./entries.ts";
import { readItem } from "./items.ts";
import { type Forest, field, isList, repeatsKey, textField } from "./tree.ts";

const headers = ["age-encryption.org/", "-----BEGIN AGE ENCRYPTED FILE-----"];

/** Whether bytes are an age file, which has to be opened before they can be imported. */
export function isAgeFile(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, 40)).toString("latin1");
  return headers.some((header) => start.startsWith(header));
}

/** Our own export (contract people.md, section 6), opened: every secret with its owner, grants, tag and rotation. */
export function* readExport({ roots }: Forest, _options: FormatOptions): Generator<Finding> {
  const [root, second] = roots;
  const secrets = field(root, "secrets");
  const version = field(root, "version");
  if (root === undefined || textField(root, "zsc") !== "export" || second !== undefined) {
    yield refuse("not_an_entry", (second ?? root)?.line ?? 1);
  } else if (repeatsKey(root)) {
    yield refuse("duplicate", root.line);
  } else if (version?.kind !== "word" || version.text !== "1") {
    yield refuse("not_supported", root.line);
  } else if (!isList(secrets)) {
    yield refuse("no_value", root.line);
  } else {
    yield* secrets.items.map(readItem);
    const count = field(root, "count");
    if (count?.kind === "word" && count.text !== String(secrets.items.length)) {
      yield { kind: "warning", why: "incomplete", line: count.line };
    }
  }
}
