import { VaultError } from "../base/index.ts";

const maxPathLength = 1_024;

// Every segment is followed by a slash or by the end, so there is one way to match: linear time.
const grammar = /^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*$/;

/**
 * Whether a text, decoded once, is the path of a secret: segments of ASCII letters, digits, `-` and `_`, joined by single
 * slashes, 1 to 1,024 characters. Paths are compared byte by byte.
 */
export function isSecretPath(text: string): boolean {
  return text.length <= maxPathLength && grammar.test(text);
}

/**
 * Gives the text back when it is the path of a secret.
 *
 * @throws VaultError `INVALID_ARGUMENT`.
 */
export function parseSecretPath(text: string): string {
  if (!isSecretPath(text)) {
    throw new VaultError(
      "INVALID_ARGUMENT",
      `path must be segments of letters, digits, - and _, joined by single slashes, at most ${maxPathLength} characters`,
    );
  }
  return text;
}

/** The segments of a valid path, which patterns are matched against. */
export function splitPath(path: string): readonly string[] {
  return path.split("/");
}

/**
 * The filter of lists: a prefix is compared as text, not by segments. `api-keys` keeps `api-keys-old` too, `api-keys/`
 * does not. A text that no path begins with keeps nothing, and the empty one everything.
 */
export function hasPrefix(path: string, prefix: string): boolean {
  return path.startsWith(prefix);
}
