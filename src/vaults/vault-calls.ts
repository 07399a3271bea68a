import { randomUuid, VaultError } from "../base/index.ts";
import type { Operation } from "../ledger/index.ts";
import {
  type Asked,
  callerOf,
  callOperation,
  needsCaller,
  nothingRecorded,
  requireAsRecorded,
  type Subject,
} from "../people/index.ts";
import { accessTo, enter, needsAccess, requireAccess } from "./access.ts";
import type { AccessDecision, Wanted } from "./policy.ts";
import { maxHeld, policies, type StoredPolicy, type Vault, vaults } from "./tables.ts";

/** Vaults of the organisation: they are loaded together when they are listed. */
const maxVaults = 1_000;

const org = "main";

function subjectOf(vaultId: string): Subject {
  return { type: "vault", id: vaultId, originId: `vault:${vaultId}`, details: { vault_id: vaultId } };
}

const ofAll = { type: "vault", id: org, originId: "vault:*", details: {} } as const;

/**
 * Makes a vault, whose creator owns it; with one of an agent, the user who made the agent may read, write and delete. Refuses
 * with `CONFLICT` when the name is taken.
 */
export function createVault(asked: Asked, name: string, description: string): Operation<Vault> {
  return callOperation({
    asked,
    action: "vault.create",
    subject: ofAll,
    needs: [
      { table: vaults, lookup: "name", by: [name] },
      { table: vaults, lookup: "org", by: [org] },
      { table: policies, inserts: true },
    ],
    decide(view, caller) {
      if (view.all(vaults, "name", name).length > 0) {
        throw new VaultError("CONFLICT", "A vault with this name already exists");
      }
      if (view.all(vaults, "org", org).length >= maxVaults) {
        throw new VaultError("LIMIT_EXCEEDED", `there may be ${maxVaults} vaults`);
      }
      const id = randomUuid();
      const vault: Vault = { id, version: 1, org, name, description, createdBy: caller.sub, createdAt: view.now.iso };
      const grant = caller.type === "agent" ? grantOf(vault, caller.person.createdBy) : undefined;
      return {
        value: vault,
        changes: [
          { kind: "put", table: vaults, record: vault },
          ...(grant === undefined ? [] : [{ kind: "put", table: policies, record: grant } as const]),
        ],
        changed: { table: vaults, record: vault, isNew: true },
        ...(grant === undefined ? {} : { also: createdPolicy(grant) }),
        resourceId: id,
        originId: `vault:${id}`,
        details: { vault_id: id },
      };
    },
  });
}

/** What the user who made an agent may do in a vault that the agent makes. */
function grantOf({ id, createdBy, createdAt }: Vault, principal: string | null): StoredPolicy | undefined {
  if (principal === null) {
    return undefined;
  }
  return {
    ...{ id: randomUuid(), version: 1, vaultId: id, principal, pattern: "**", effect: "allow", priority: 0 },
    ...{ permissions: ["read", "write", "delete"], expiresAtMs: null, conditions: "{}", createdBy, createdAt },
  };
}

function createdPolicy(record: StoredPolicy) {
  const { id, vaultId } = record;
  return {
    action: "policy.create",
    subject: { type: "policy", id, originId: `policy:${id}`, details: { vault_id: vaultId } },
    changed: { table: policies, record, isNew: true },
  } as const;
}

/** `unsure`: too many policies name the caller to be loaded at once, so that each of these vaults is to be asked for. */
interface ListedVaults {
  readonly visible: readonly Vault[];
  readonly unsure: readonly Vault[];
}

/** The vaults that the caller may see, in the order in which they were made. */
export function listVaults(asked: Asked): Operation<ListedVaults> {
  const { sub } = asked.credential;
  return callOperation({
    asked,
    action: "vault.list",
    subject: ofAll,
    needs: [
      { table: vaults, lookup: "org", by: [org] },
      { table: policies, lookup: "principal", by: [sub] },
    ],
    decide(view, caller) {
      const held = view.all(policies, "principal", sub);
      const ofVault = Map.groupBy(held, ({ vaultId }) => vaultId);
      const all = [...view.all(vaults, "org", org)].sort(inOrder);
      const seen = new Set(
        all.filter((vault) => isSeen(accessTo(view, caller, asked, vault, ofVault.get(vault.id) ?? []))),
      );
      const visible = all.filter((vault) => seen.has(vault));
      return { value: { visible, unsure: held.length < maxHeld ? [] : all.filter((vault) => !seen.has(vault)) } };
    },
  });
}

/** Of vaults that were listed, those that the caller may see. The list was recorded: this is not. */
export function findVisible(asked: Asked, vaultIds: readonly string[]): Operation<ReadonlySet<string>> {
  return {
    needs: [...needsCaller(asked.credential), ...vaultIds.flatMap((id) => needsAccess(id, asked))],
    weight: { rows: vaultIds.length, bytes: 0 },
    apply: (view) =>
      nothingRecorded(() => {
        const caller = callerOf(view, asked.credential);
        const isVisible = (id: string) =>
          view.get(vaults, id) !== undefined && isSeen(enter(view, caller, asked, id).access);
        return new Set(vaultIds.filter(isVisible));
      }),
  };
}

function isSeen(access: (wanted: Wanted) => AccessDecision): boolean {
  return access({ kind: "see" }).kind === "allowed";
}

/** As they were made. */
export function inOrder(one: Vault, other: Vault): number {
  const [a, b] = [one.createdAt + one.id, other.createdAt + other.id];
  return a < b ? -1 : Number(a > b);
}

export function readVault(asked: Asked, vaultId: string): Operation<Vault> {
  return callOperation({
    asked,
    action: "vault.read",
    subject: subjectOf(vaultId),
    needs: needsAccess(vaultId, asked),
    decide(view, caller) {
      const entered = enter(view, caller, asked, vaultId);
      requireAccess(entered, { kind: "see" });
      return { value: entered.vault };
    },
  });
}

/** Deletes a vault: what it held is out of reach from then on, for `purgeHeld` to remove, and its name is free. */
export function deleteVault(asked: Asked, vaultId: string): Operation<void> {
  return callOperation({
    asked,
    action: "vault.delete",
    subject: subjectOf(vaultId),
    needs: [...needsAccess(vaultId, asked), { table: vaults, key: [vaultId], changes: true }],
    decide(view, caller) {
      requireAccess(enter(view, caller, asked, vaultId), { kind: "own" });
      requireAsRecorded(view, vaults, vaultId);
      return { value: undefined, changes: [{ kind: "delete", table: vaults, key: [vaultId] }] };
    },
  });
}
