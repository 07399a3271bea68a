import fc from "fast-check";

/** What a pattern means, said once more by recursion: exponential, so for short ones only. */
export function isMatch(pattern: readonly string[], path: readonly string[]): boolean {
  const [first, ...others] = pattern;
  if (first === undefined) {
    return path.length === 0;
  }
  if (first === "**") {
    return isMatch(others, path) || (path.length > 0 && isMatch(pattern, path.slice(1)));
  }
  return path.length > 0 && (first === "*" || first === path[0]) && isMatch(others, path.slice(1));
}

/** Few and short segments, so that many patterns match. */
const literal = fc.constantFrom("a", "b", "ab", "-");

export const paths = fc.array(literal, { minLength: 1, maxLength: 7 }).map((segments) => segments.join("/"));

export const patterns = fc
  .array(fc.oneof(literal, fc.constantFrom("*", "**", "**")), { minLength: 1, maxLength: 6 })
  .map((segments) => segments.join("/"));
