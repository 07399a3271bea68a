import { VaultError } from "../base/index.ts";

/** Whether scopes keep a caller from some paths: an entry with a colon is none of paths, and `*` is all of them. */
export function isLimited(scopes: readonly string[]): boolean {
  const ofPaths = pathScopesIn(scopes);
  return ofPaths.length > 0 && !ofPaths.includes("*");
}

/**
 * The scopes of a key or an agent that a caller makes: those that are wanted, unless they reach further than its own. Without
 * any, they are its own.
 *
 * @throws VaultError `FORBIDDEN`
 */
export function scopesWithin(own: readonly string[], wanted: readonly string[]): readonly string[] {
  if (!isLimited(own)) {
    return wanted;
  }
  if (wanted.length === 0) {
    return own;
  }
  const ofPaths = pathScopesIn(wanted);
  if (ofPaths.length === 0 || !ofPaths.every((scope) => own.includes(scope))) {
    throw new VaultError("FORBIDDEN", "Token scopes do not cover these scopes");
  }
  return wanted;
}

function pathScopesIn(scopes: readonly string[]): readonly string[] {
  return scopes.filter((scope) => !scope.includes(":"));
}
