import { VaultError } from "../base/index.ts";
import { matchesPattern, type PathPattern, parsePattern } from "./pattern.ts";

const maxScopes = 100;
const maxScopeLength = 1_024;

/** The paths that a caller can reach at most, whatever policies say; null: all. Never an empty list. */
export type PathCeiling = readonly PathPattern[] | null;

/**
 * Makes the ceiling of an agent or a personal key of its scopes. An entry with a colon (`vaults:read`) is no path scope
 * and says nothing here. `*` means every path, unlike in a policy. Every other entry is a pattern of paths. Without a
 * path scope there is no ceiling, so an empty list is as an absent one.
 *
 * @throws VaultError `INVALID_ARGUMENT` for more than 100 entries, for one over 1,024 characters, and for one without a
 * colon that is no pattern: a ceiling that cannot be evaluated must not be stored.
 */
export function parseScopes(scopes: readonly string[]): PathCeiling {
  if (scopes.length > maxScopes) {
    throw new VaultError("INVALID_ARGUMENT", `too many scopes (>${maxScopes})`);
  }
  if (scopes.some((scope) => scope.length > maxScopeLength || !scope.isWellFormed())) {
    throw new VaultError(
      "INVALID_ARGUMENT",
      `a scope must be well-formed text of at most ${maxScopeLength} characters`,
    );
  }
  const ofPaths = scopes.filter((scope) => !scope.includes(":"));
  const patterns = ofPaths.filter((scope) => scope !== "*").map(parsePattern);
  return ofPaths.length === 0 || patterns.length < ofPaths.length ? null : patterns;
}

/** Whether a path, given as its segments, is one that the ceiling leaves open. */
export function isUnderCeiling(ceiling: PathCeiling, path: readonly string[]): boolean {
  return ceiling === null || ceiling.some((pattern) => matchesPattern(pattern, path));
}
