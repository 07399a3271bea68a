import { VaultError } from "../base/index.ts";

const maxPatternLength = 1_024;

const grammar = /^(?:\*{1,2}|[A-Za-z0-9_-]+)(?:\/(?:\*{1,2}|[A-Za-z0-9_-]+))*$/;

/** Which paths a policy or a scope is about. Made by `parsePattern` only. */
export interface PathPattern {
  /** As it was given. */
  readonly text: string;
  readonly segments: readonly string[];
  /** No path of fewer segments matches. */
  readonly leastSegments: number;
}

/**
 * Parses a pattern: segments joined by single slashes, at most 1,024 characters. `*` stands for one segment, `**` for
 * any number of segments, none included; any other segment (ASCII letters, digits, `-`, `_`) for itself. A star beside
 * other characters in one segment is refused.
 *
 * @throws VaultError `INVALID_ARGUMENT`.
 */
export function parsePattern(text: string): PathPattern {
  if (text.length > maxPatternLength || !grammar.test(text)) {
    throw new VaultError(
      "INVALID_ARGUMENT",
      `pattern must be segments of *, ** or letters, digits, - and _, joined by single slashes, at most ${maxPatternLength} characters`,
    );
  }
  const segments = text.split("/");
  return { text, segments, leastSegments: segments.filter((segment) => segment !== "**").length };
}

/**
 * Whether a path, given as its segments, matches.
 *
 * When a segment does not match, only the latest `**` takes one segment more: what an earlier one could take more, the
 * latest can take as well. So there are at most (segments of the pattern) × (segments of the path) steps.
 */
export function matchesPattern({ segments, leastSegments }: PathPattern, path: readonly string[]): boolean {
  if (path.length < leastSegments) {
    return false;
  }
  let inPattern = 0;
  let inPath = 0;
  let afterDeep = -1; // the place in the pattern after the latest `**`
  let deepEnd = 0; // the place in the path where that `**` ends
  while (inPath < path.length) {
    const segment = segments[inPattern];
    if (segment === "**") {
      inPattern += 1;
      afterDeep = inPattern;
      deepEnd = inPath;
    } else if (segment === "*" || segment === path[inPath]) {
      inPattern += 1;
      inPath += 1;
    } else if (afterDeep >= 0) {
      deepEnd += 1;
      inPattern = afterDeep;
      inPath = deepEnd;
    } else {
      return false;
    }
  }
  return segments.slice(inPattern).every((segment) => segment === "**");
}
