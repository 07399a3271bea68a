import { VaultError } from "../domain/errors.ts";
import type { Secret } from "../domain/secret.ts";
import { vaultRowDigest } from "../domain/vault-row.ts";
import type { AuditDraft, Decision, Needs, Weight } from "../ledger/operation.ts";
import type { Binding } from "../sealing/binding.ts";

/** What every operation on one secret needs, when it writes one row and carries no value. */
export const oneRow: Weight = { rows: 1, bytes: 0 };

export function needsSecret(name: string): Needs {
  return { secrets: [name], denials: [] };
}

/** The same for an operation that may change it, or make it. */
export function needsChange(name: string): Needs {
  return { secrets: [name], denials: [], changes: [name] };
}

/** What a sealing belongs to, and who may read it (contract, section 5). */
export function bindingOf(secret: Omit<Secret, "sealedKey" | "sealedValue">): Binding {
  const { id, name, version, boundZid, permissions, purposeTag, expiresZeqond, createdAt, updatedAt } = secret;
  return {
    table: "secret",
    id,
    name,
    version,
    boundZid,
    permissions,
    purposeTag,
    expiresZeqond,
    createdAt,
    updatedAt,
  };
}

/** What a change of a secret leaves in its row's payload, so that the vault can be compared with the log. */
export function changeMarks(secret: Secret): { readonly version: number; readonly sealed_digest: string } {
  return {
    version: secret.version,
    sealed_digest: vaultRowDigest({ ...secret, permissionsJson: JSON.stringify(secret.permissions) }),
  };
}

export type RefusalReason = "denied" | "rate_limited" | "not_found" | "error";

/** @param by whose token it was, where that is not the actor's own; absent, it is not in the payload */
export function deniedDraft(
  name: string,
  actorZid: string,
  purpose: string,
  reason: RefusalReason,
  by?: string,
): AuditDraft {
  return { type: "secret_denied", subject: name, actorZid, purpose: reason, payload: { name, purpose, reason, by } };
}

/** A management call that cannot be carried out: the refusal, and its row. `call` names the call. */
export function refuse(name: string, actorZid: string, call: string, error: VaultError): Decision<never> {
  const reason = error.code === "NOT_FOUND" ? "not_found" : "error";
  return {
    outcome: { kind: "refused", error },
    changes: [],
    drafts: [deniedDraft(name, actorZid, call, reason)],
  };
}

export function notFound(): VaultError {
  return new VaultError("NOT_FOUND", "no secret of that name");
}

/** Its row is not what its last change left: a change would make it so, and what was put back would pass for right. */
export function notAsRecorded(): VaultError {
  return new VaultError("SEAL_BROKEN", "the secret is not what the audit log says so it cannot be changed");
}

export function isSealBroken(error: unknown): error is VaultError {
  return error instanceof VaultError && error.code === "SEAL_BROKEN";
}
