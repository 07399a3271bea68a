import { maxPermissions, type Principal, VaultError } from "../base/index.ts";
import { changeMarks, type Operation, originIdOf } from "../ledger/index.ts";
import type { Sealer } from "../sealing/index.ts";
import { bindingOf } from "./drafts.ts";
import type { Precondition } from "./precondition.ts";
import { reseal } from "./reseal.ts";
import { secrets } from "./tables.ts";

/** The complete list after the change, in the order of the grants. */
type PermissionsAfter = readonly string[];

/** Permits `zid` to read a secret. A repeated grant does not change the permissions, and is recorded. */
export function grantSecret(
  name: string,
  zid: string,
  admin: Principal,
  sealer: Sealer,
  precondition: Precondition = {},
): Operation<PermissionsAfter> {
  const add = (permissions: readonly string[]) => (permissions.includes(zid) ? permissions : [...permissions, zid]);
  const record = { call: "grant", purpose: "granted", mark: { granted_zid: zid }, precondition };
  return changePermissions(name, admin, sealer, record, add);
}

/** Revokes a grant. Revoking an absent grant does not change the permissions, and is recorded. */
export function revokeSecret(
  name: string,
  zid: string,
  admin: Principal,
  sealer: Sealer,
  precondition: Precondition = {},
): Operation<PermissionsAfter> {
  const remove = (permissions: readonly string[]) => permissions.filter((permitted) => permitted !== zid);
  const record = { call: "revoke", purpose: "revoked", mark: { revoked_zid: zid }, precondition };
  return changePermissions(name, admin, sealer, record, remove);
}

function changePermissions(
  name: string,
  admin: Principal,
  sealer: Sealer,
  record: {
    readonly call: string;
    readonly purpose: string;
    readonly mark: Readonly<Record<string, string>>;
    readonly precondition: Precondition;
  },
  change: (permissions: readonly string[]) => readonly string[],
): Operation<PermissionsAfter> {
  const { call, purpose, mark, precondition } = record;
  return reseal(name, admin, {
    call,
    precondition,
    change(before, _nowZeqond, nowIso) {
      const permissions = change(before.permissions);
      if (permissions.length > maxPermissions) {
        return new VaultError("INVALID_ARGUMENT", `too many permissions (>${maxPermissions})`);
      }
      const after = { ...before, permissions, version: before.version + 1, updatedAt: nowIso };
      return { ...after, ...sealer.rebind(before, bindingOf(before), bindingOf(after)) };
    },
    draft: (after) => ({
      type: "secret_set",
      originId: originIdOf(name),
      actorZid: admin.zid,
      purpose,
      payload: { name, purpose, ...mark, permissions: after.permissions, ...changeMarks(secrets, after) },
    }),
    outcome: (after) => after.permissions,
  });
}
