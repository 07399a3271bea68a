import { VaultError } from "../base/index.ts";
import type { AnyTable, AuditDraft, Change, Key, Operation, View } from "../ledger/index.ts";
import { olderVersions, policies, vaultSecrets, vaults } from "./tables.ts";

/** Records of a vault, by their keys. */
export interface Held {
  /** Places: `<vault id>/<path>`. */
  readonly secrets: readonly string[];
  readonly versions: readonly (readonly [place: string, number: number])[];
  /** Ids. */
  readonly policies: readonly string[];
}

/** `kept`: the vault is there, or the log does not say that it was deleted. */
type Purged = { readonly kind: "kept" } | { readonly kind: "purged"; readonly records: number };

const actor = "system:purge";

/**
 * Removes records that a deleted vault held, with one event for all secrets and versions, and one for each policy. Decided
 * under the lock on what the log says of the vault: whoever takes a vault's row out by hand gets nothing removed by that. A
 * record that is not what was written stays, for verification to name.
 */
export function purgeHeld(vaultId: string, held: Held): Operation<Purged> {
  return {
    needs: [
      { table: vaults, key: [vaultId], changes: true },
      ...held.secrets.map((place) => ({ table: vaultSecrets, key: [place], changes: true })),
      ...held.versions.map((key) => ({ table: olderVersions, key })),
      ...held.policies.map((id) => ({ table: policies, key: [id], changes: true })),
    ],
    weight: { rows: 1 + held.policies.length, bytes: 0 },
    apply(view) {
      if (isThere(view, vaults, [vaultId]) !== false || !view.isAsRecorded(vaults, vaultId)) {
        return { outcome: { kind: "done", value: { kind: "kept" } }, changes: [], drafts: [] };
      }
      const isOwn = (key: Key) => String(key[0]).startsWith(`${vaultId}/`);
      const secrets = removals(view, vaultSecrets, held.secrets.map(keyOf).filter(isOwn), true);
      const versions = removals(view, olderVersions, held.versions.filter(isOwn), false);
      const grants = held.policies.filter((id) => policyOf(view, id)?.vaultId === vaultId);
      const ofPolicies = removals(view, policies, grants.map(keyOf), true);
      const changes = [...secrets, ...versions, ...ofPolicies];
      const details = { vault_id: vaultId, secrets: secrets.length, versions: versions.length };
      const value = { kind: "purged", records: changes.length } as const;
      return {
        outcome: { kind: "done", value },
        changes,
        drafts: [
          ...(secrets.length + versions.length === 0
            ? []
            : [draftOf("vault.purge", "vault:*", "vault", vaultId, details)]),
          ...ofPolicies.map(({ key: [id] }) =>
            draftOf("policy.delete", `policy:${id}`, "policy", String(id), { vault_id: vaultId }),
          ),
        ],
      };
    },
  };
}

type Removal = Extract<Change, { readonly kind: "delete" }>;

function removals(view: View, table: AnyTable, keys: readonly Key[], isLogged: boolean): readonly Removal[] {
  return keys
    .filter((key) => isThere(view, table, key) === true && (!isLogged || view.isAsRecorded(table, ...key.map(String))))
    .map((key) => ({ kind: "delete", table, key }));
}

/** Undefined for a record that nobody vouches for. */
function isThere(view: View, table: AnyTable, key: Key): boolean | undefined {
  try {
    return view.get(table, ...key) !== undefined;
  } catch (error) {
    if (error instanceof VaultError && error.code === "SEAL_BROKEN") {
      return undefined;
    }
    throw error;
  }
}

function policyOf(view: View, id: string) {
  return isThere(view, policies, [id]) === true ? view.get(policies, id) : undefined;
}

function keyOf(text: string): Key {
  return [text];
}

function draftOf(type: string, originId: string, resource: string, id: string, details: object): AuditDraft {
  const payload = { resource_type: resource, resource_id: id, details };
  return { type, originId, actorZid: actor, purpose: type, payload };
}
