import type { Role } from "../base/index.ts";

const roles: Readonly<Record<Role, true>> = { admin: true, caller: true, system: true };

/** Whether a claim or an argument is a known role. */
export function isRole(value: unknown): value is Role {
  return typeof value === "string" && Object.hasOwn(roles, value);
}
