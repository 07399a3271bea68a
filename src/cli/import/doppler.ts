import { isDopplerMetadata } from "./doppler-names.ts";
import { type Finding, type FormatOptions, refuse, skip } from "./entries.ts";
import { scalarFinding } from "./scalar.ts";
import { type Forest, field, isObject, type Member } from "./tree.ts";

/** `doppler secrets download`, a flat object, and `doppler secrets --json`, whose values are `computed`. */
export function* readDoppler({ roots }: Forest, _options: FormatOptions): Generator<Finding> {
  const [root, second] = roots;
  if (!isObject(root) || second !== undefined) {
    yield refuse("not_an_entry", (second ?? root)?.line ?? 1);
    return;
  }
  for (const member of root.members) {
    yield readMember(member);
  }
}

function readMember({ key, line, value }: Member): Finding {
  if (isDopplerMetadata(key)) {
    return skip("metadata", line, key);
  }
  if (!isObject(value)) {
    return scalarFinding(key, value, line);
  }
  const computed = field(value, "computed");
  return computed === undefined ? refuse("no_value", line, key) : scalarFinding(key, computed, line);
}
