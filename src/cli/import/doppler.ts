import { type Finding, type FormatOptions, refuse, skip } from "./entries.ts";
import { scalarFinding } from "./scalar.ts";
import { type Forest, field, isObject, type Member } from "./tree.ts";

const metadata: ReadonlySet<string> = new Set(["DOPPLER_PROJECT", "DOPPLER_CONFIG", "DOPPLER_ENVIRONMENT"]);

/** Whether a name is one that Doppler adds to what it gives out, and no secret. */
export const isDopplerMetadata = (name: string): boolean => metadata.has(name);

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

/** A `.env` file as Doppler writes it, or any other. */
export function* withoutMetadata(findings: Iterable<Finding>): Generator<Finding> {
  for (const finding of findings) {
    const { kind, line, lastLine, name } = finding;
    if (name === undefined || kind === "refused" || !isDopplerMetadata(name)) {
      yield finding;
    } else if (kind === "entry") {
      yield { ...skip("metadata", line, name), ...(lastLine === undefined ? {} : { lastLine }) };
    }
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
