import { VaultError } from "../base/index.ts";
import type { Need, View } from "../ledger/index.ts";
import type { Asked, Caller } from "../people/index.ts";
import { tryParseAddress } from "./address.ts";
import { restoreConditions } from "./conditions.ts";
import { parsePattern } from "./pattern.ts";
import { parsePermissions } from "./permission.ts";
import { type AccessDecision, createAccess, type Policy, type PrincipalRef, type Wanted } from "./policy.ts";
import { parseScopes } from "./scope.ts";
import { policies, type StoredPolicy, type Vault, vaults } from "./tables.ts";

/** What a caller may do in a vault, as the rows say now. */
interface Entered {
  readonly vault: Vault;
  readonly access: (wanted: Wanted) => AccessDecision;
}

/** The needs of the latest vault of a credential: most callers stay in one, and needs that are the same are collected once. */
const latestNeeds = new WeakMap<Asked["credential"], { readonly vaultId: string; readonly needs: readonly Need[] }>();

/** The records that tell what a caller may do in a vault. */
export function needsAccess(vaultId: string, { credential }: Asked): readonly Need[] {
  const latest = latestNeeds.get(credential);
  if (latest?.vaultId === vaultId) {
    return latest.needs;
  }
  const needs = [
    { table: vaults, key: [vaultId] },
    { table: policies, lookup: "holder", by: [vaultId, credential.sub] },
  ];
  latestNeeds.set(credential, { vaultId, needs });
  return needs;
}

/** What a caller entered last. A caller is one of one batch, for as long as none of its records has changed. */
const latestEntered = new WeakMap<Caller, { readonly address: string; readonly entered: Entered }>();

/** @throws VaultError `NOT_FOUND` when there is no such vault */
export function enter(view: View, caller: Caller, asked: Asked, vaultId: string): Entered {
  const latest = latestEntered.get(caller);
  if (latest?.entered.vault.id === vaultId && latest.address === asked.address) {
    return latest.entered;
  }
  const vault = view.get(vaults, vaultId);
  if (vault === undefined) {
    throw new VaultError("NOT_FOUND", "Vault not found");
  }
  const held = view.all(policies, "holder", vaultId, caller.sub);
  const entered = { vault, access: accessTo(view, caller, asked, vault, held) };
  latestEntered.set(caller, { address: asked.address, entered });
  return entered;
}

/** @param held at least the policies of the caller in this vault */
export function accessTo(
  view: Pick<View, "now">,
  caller: Caller,
  { address }: Asked,
  vault: Vault,
  held: readonly StoredPolicy[],
): (wanted: Wanted) => AccessDecision {
  const { type, id, vaultIds, scopes } = caller;
  const isConditional = held.some(({ conditions }) => conditions !== "{}");
  return createAccess({
    vault: { id: vault.id, creator: refOf(vault.createdBy) },
    principal: { type, id, vaultIds: type === "agent" ? vaultIds : [], ceiling: parseScopes(scopes) },
    policies: held.map(policyOf),
    now: view.now,
    address: isConditional ? tryParseAddress(address) : null,
  });
}

/** @throws VaultError `FORBIDDEN` unless it is allowed */
export function requireAccess({ access }: Entered, wanted: Wanted): void {
  const decision = access(wanted);
  if (decision.kind === "refused") {
    const what = wanted.kind === "use" ? "path" : "vault";
    const isCeiling = decision.because === "ceiling";
    throw new VaultError(
      "FORBIDDEN",
      isCeiling ? `Token scopes do not cover this ${what}` : "Insufficient permissions",
    );
  }
}

function policyOf(stored: StoredPolicy): Policy {
  return {
    vaultId: stored.vaultId,
    principal: refOf(stored.principal),
    pattern: parsePattern(stored.pattern),
    permissions: parsePermissions(stored.permissions),
    effect: stored.effect === "deny" ? "deny" : "allow",
    priority: stored.priority,
    expiresAtMs: stored.expiresAtMs,
    conditions: restoreConditions(stored.conditions),
  };
}

/** `user:<uuid>` or `agent:<uuid>`. */
export function refOf(sub: string): PrincipalRef {
  const at = sub.indexOf(":");
  return { type: sub.slice(0, at) === "agent" ? "agent" : "user", id: sub.slice(at + 1) };
}
