import type { Moment } from "../base/index.ts";
import type { IpAddress } from "./address.ts";
import { type Conditions, conditionsHold } from "./conditions.ts";
import { splitPath } from "./path.ts";
import { matchesPattern, type PathPattern } from "./pattern.ts";
import type { Permission } from "./permission.ts";
import { isUnderCeiling, type PathCeiling } from "./scope.ts";

/** Somebody as vaults and policies name him. */
export interface PrincipalRef {
  readonly type: "user" | "agent";
  /** UUID, lower case. */
  readonly id: string;
}

/** Somebody as his row stands now, whatever his token says. */
interface VaultPrincipal extends PrincipalRef {
  /** The vaults that an agent is bound to; empty: any. Always empty for users. */
  readonly vaultIds: readonly string[];
  /** Of the agent, or of the personal key that a user came with. */
  readonly ceiling: PathCeiling;
}

export interface Policy {
  readonly vaultId: string;
  readonly principal: PrincipalRef;
  readonly pattern: PathPattern;
  readonly permissions: readonly Permission[];
  readonly effect: "allow" | "deny";
  /** The highest goes first. */
  readonly priority: number;
  /** From this millisecond on the policy does not count; null: it always does. */
  readonly expiresAtMs: number | null;
  readonly conditions: Conditions;
}

/** All that decides. Ids are compared byte by byte. */
export interface AccessContext {
  readonly vault: { readonly id: string; readonly creator: PrincipalRef };
  readonly principal: VaultPrincipal;
  /** At least all policies of this principal in this vault; those of others do no harm. */
  readonly policies: readonly Policy[];
  readonly now: Moment;
  /** The address of the client; null: not known. */
  readonly address: IpAddress | null;
}

/**
 * What is wanted: to `own` (manage policies, delete the vault), to `see` the vault, or to `use` a valid path with any one
 * of some permissions.
 */
export type Wanted =
  | { readonly kind: "own" }
  | { readonly kind: "see" }
  | { readonly kind: "use"; readonly path: string; readonly anyOf: readonly Permission[] };

export type AccessDecision =
  | { readonly kind: "allowed"; readonly by: "creator" | "policy" }
  | { readonly kind: "refused"; readonly because: Refusal };

/**
 * - `binding`: the agent is bound to other vaults.
 * - `ceiling`: no scope of the principal covers the path, or it has scopes and wants to own.
 * - `not_creator`: only the creator may own.
 * - `no_policy`: no policy speaks of it.
 * - `denied`: a policy denies it.
 */
type Refusal = "binding" | "not_creator" | "ceiling" | "no_policy" | "denied";

/** Decides one thing. @see createAccess */
export function decideAccess(context: AccessContext, wanted: Wanted): AccessDecision {
  return createAccess(context)(wanted);
}

/**
 * Decides any number of things for one principal in one vault at one moment, such as which paths of a list he may read.
 *
 * In this order: a binding to other vaults refuses; a ceiling that does not cover the path refuses, the creator as well, and
 * leaves nobody an owner (contract 1claw.md, D12); the creator may do everything else; then the policies. All live ones that match the path and hold any of the permissions are one list, by
 * priority, highest first, deny before allow; the first decides. Without a path, one live allow is enough, whatever its
 * pattern and permissions.
 */
export function createAccess(context: AccessContext): (wanted: Wanted) => AccessDecision {
  const { vault, principal } = context;
  if (isBoundElsewhere(vault.id, principal)) {
    return () => refused("binding");
  }
  const { ceiling } = principal;
  if (isSame(vault.creator, principal)) {
    return (wanted) => (isBeyond(ceiling, wanted) ? refused("ceiling") : byCreator);
  }
  const live = context.policies.filter((policy) => isLive(policy, context)).sort(byRank);
  return (wanted) => {
    switch (wanted.kind) {
      case "own":
        return refused("not_creator");
      case "see":
        return live.some(({ effect }) => effect === "allow") ? byPolicy : refused("no_policy");
      case "use":
        return decideOnPath(live, ceiling, wanted.path, wanted.anyOf);
    }
  };
}

const byCreator: AccessDecision = { kind: "allowed", by: "creator" };
const byPolicy: AccessDecision = { kind: "allowed", by: "policy" };

function refused(because: Refusal): AccessDecision {
  return { kind: "refused", because };
}

function isBoundElsewhere(vaultId: string, { type, vaultIds }: VaultPrincipal): boolean {
  return type === "agent" && vaultIds.length > 0 && !vaultIds.includes(vaultId);
}

/** To own a vault is to reach every path of it, also by what others are granted. */
function isBeyond(ceiling: PathCeiling, wanted: Wanted): boolean {
  switch (wanted.kind) {
    case "own":
      return ceiling !== null;
    case "see":
      return false;
    case "use":
      return !isUnderCeiling(ceiling, splitPath(wanted.path));
  }
}

function decideOnPath(
  live: readonly Policy[],
  ceiling: PathCeiling,
  path: string,
  anyOf: readonly Permission[],
): AccessDecision {
  const segments = splitPath(path);
  if (!isUnderCeiling(ceiling, segments)) {
    return refused("ceiling");
  }
  const first = live.find(
    ({ permissions, pattern }) =>
      permissions.some((permission) => anyOf.includes(permission)) && matchesPattern(pattern, segments),
  );
  if (first === undefined) {
    return refused("no_policy");
  }
  return first.effect === "allow" ? byPolicy : refused("denied");
}

/** Conditions that are not known to hold refuse: an allow does not count then, and a deny does. */
function isLive(policy: Policy, { vault, principal, now, address }: AccessContext): boolean {
  const { vaultId, expiresAtMs, effect, conditions } = policy;
  if (vaultId !== vault.id || !isSame(policy.principal, principal)) {
    return false;
  }
  if (expiresAtMs !== null && now.unixMs >= expiresAtMs) {
    return false;
  }
  return conditionsHold(conditions, now, address) ?? effect === "deny";
}

function byRank(one: Policy, other: Policy): number {
  return other.priority - one.priority || Number(one.effect === "allow") - Number(other.effect === "allow");
}

function isSame(one: PrincipalRef, other: PrincipalRef): boolean {
  return one.type === other.type && one.id === other.id;
}
