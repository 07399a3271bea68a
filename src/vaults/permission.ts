import { VaultError } from "../base/index.ts";

const permissions = ["read", "write", "delete", "rotate"] as const;

/** What a policy can give or take on the secrets that its pattern matches. */
export type Permission = (typeof permissions)[number];

/**
 * Parses the permissions of a policy: at least one, each once in the result, in the order of their first mention.
 *
 * @throws VaultError `INVALID_ARGUMENT`.
 */
export function parsePermissions(texts: readonly string[]): readonly Permission[] {
  if (texts.length === 0 || !texts.every(isPermission)) {
    throw new VaultError("INVALID_ARGUMENT", `permissions must be one or more of ${permissions.join(", ")}`);
  }
  return [...new Set(texts)];
}

function isPermission(text: string): text is Permission {
  return (permissions as readonly string[]).includes(text);
}
