import { randomUuid, VaultError } from "../base/index.ts";
import type { Operation, View } from "../ledger/index.ts";
import { type Asked, type Caller, callOperation, requireAsRecorded, type Subject } from "../people/index.ts";
import { enter, needsAccess, requireAccess } from "./access.ts";
import { policies, type StoredPolicy } from "./tables.ts";

/** Policies of a vault: they are loaded together when they are listed. */
const maxPolicies = 500;

/** What a policy says, without who made it. */
type PolicyFields = Pick<
  StoredPolicy,
  "principal" | "pattern" | "permissions" | "effect" | "priority" | "expiresAtMs" | "conditions"
>;

/** What may change. Undefined: as it was. */
type PolicyChanges = {
  readonly [F in "permissions" | "effect" | "priority" | "expiresAtMs" | "conditions"]?: PolicyFields[F] | undefined;
};

function subjectOf(vaultId: string, policyId?: string): Subject {
  const details = { vault_id: vaultId };
  return policyId === undefined
    ? { type: "policy", id: vaultId, originId: `vault:${vaultId}`, details }
    : { type: "policy", id: policyId, originId: `policy:${policyId}`, details };
}

export function createPolicy(asked: Asked, vaultId: string, fields: PolicyFields): Operation<StoredPolicy> {
  return callOperation({
    asked,
    action: "policy.create",
    subject: subjectOf(vaultId),
    needs: [...needsAccess(vaultId, asked), { table: policies, lookup: "vault", by: [vaultId] }],
    bytes: fields.conditions.length,
    decide(view, caller) {
      requireAccess(enter(view, caller, asked, vaultId), { kind: "own" });
      if (view.all(policies, "vault", vaultId).length >= maxPolicies) {
        throw new VaultError("LIMIT_EXCEEDED", `a vault may have ${maxPolicies} policies`);
      }
      const id = randomUuid();
      const record: StoredPolicy = {
        id,
        version: 1,
        vaultId,
        ...fields,
        createdBy: caller.sub,
        createdAt: view.now.iso,
      };
      return {
        value: record,
        changes: [{ kind: "put", table: policies, record }],
        changed: { table: policies, record, isNew: true },
        resourceId: id,
        originId: `policy:${id}`,
      };
    },
  });
}

/** All policies of a vault, in the order in which they were made. */
export function listPolicies(asked: Asked, vaultId: string): Operation<readonly StoredPolicy[]> {
  return callOperation({
    asked,
    action: "policy.list",
    subject: subjectOf(vaultId),
    needs: [...needsAccess(vaultId, asked), { table: policies, lookup: "vault", by: [vaultId] }],
    decide(view, caller) {
      requireAccess(enter(view, caller, asked, vaultId), { kind: "own" });
      const all = [...view.all(policies, "vault", vaultId)];
      return { value: all.sort((a, b) => (a.createdAt + a.id < b.createdAt + b.id ? -1 : 1)) };
    },
  });
}

export function updatePolicy(
  asked: Asked,
  vaultId: string,
  policyId: string,
  changes: PolicyChanges,
): Operation<StoredPolicy> {
  return callOperation({
    asked,
    action: "policy.update",
    subject: subjectOf(vaultId, policyId),
    needs: needsPolicy(asked, vaultId, policyId),
    bytes: changes.conditions?.length ?? 0,
    decide(view, caller) {
      const before = findPolicy(view, caller, asked, vaultId, policyId);
      const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
      const record: StoredPolicy = { ...before, ...given, version: before.version + 1 };
      return {
        value: record,
        changes: [{ kind: "put", table: policies, record }],
        changed: { table: policies, record, isNew: false },
      };
    },
  });
}

export function deletePolicy(asked: Asked, vaultId: string, policyId: string): Operation<void> {
  return callOperation({
    asked,
    action: "policy.delete",
    subject: subjectOf(vaultId, policyId),
    needs: needsPolicy(asked, vaultId, policyId),
    decide(view, caller) {
      findPolicy(view, caller, asked, vaultId, policyId);
      return { value: undefined, changes: [{ kind: "delete", table: policies, key: [policyId] }] };
    },
  });
}

function needsPolicy(asked: Asked, vaultId: string, policyId: string) {
  return [...needsAccess(vaultId, asked), { table: policies, key: [policyId], changes: true }];
}

function findPolicy(view: View, caller: Caller, asked: Asked, vaultId: string, policyId: string): StoredPolicy {
  requireAccess(enter(view, caller, asked, vaultId), { kind: "own" });
  const policy = view.get(policies, policyId);
  if (policy?.vaultId !== vaultId) {
    throw new VaultError("NOT_FOUND", "Policy not found");
  }
  requireAsRecorded(view, policies, policyId);
  return policy;
}
