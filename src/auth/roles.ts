import type { TokenRole } from "../base/index.ts";

const roles: Readonly<Record<TokenRole, true>> = { admin: true, caller: true, system: true };

/** Whether a claim or an argument is a known role. */
export function isRole(value: unknown): value is TokenRole {
  return typeof value === "string" && Object.hasOwn(roles, value);
}
