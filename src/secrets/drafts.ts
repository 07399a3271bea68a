import { VaultError, type VaultErrorCode } from "../base/index.ts";
import { type AuditDraft, type Decision, type Need, originIdOf, type Weight } from "../ledger/index.ts";
import type { Binding } from "../sealing/index.ts";
import type { Secret } from "./secret.ts";
import { secrets } from "./tables.ts";

/** The weight of an operation that writes one audit row and no value. */
export const oneRow: Weight = { rows: 1, bytes: 0 };

export function needsSecret(name: string): Need {
  return { table: secrets, key: [name] };
}

/** The needs of an operation that may change or create one secret. */
export function needsChange(name: string): readonly Need[] {
  return [{ table: secrets, key: [name], changes: true }];
}

/** The binding of a secret's seal (contract, section 5). */
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

export type RefusalReason = "denied" | "rate_limited" | "not_found" | "conflict" | "error";

/** @param by the ZID of the token when it is not the actor's; when absent, the payload has no such field */
export function deniedDraft(
  name: string,
  actorZid: string,
  purpose: string,
  reason: RefusalReason,
  by?: string,
): AuditDraft {
  return {
    type: "secret_denied",
    originId: originIdOf(name),
    actorZid,
    purpose: reason,
    payload: { name, purpose, reason, by },
  };
}

/** Refuses a management call, and records the refusal. `call` is the call's name in the audit row. */
export function refuse(name: string, actorZid: string, call: string, error: VaultError): Decision<never> {
  const reason = reasons[error.code] ?? "error";
  return {
    outcome: { kind: "refused", error },
    changes: [],
    drafts: [deniedDraft(name, actorZid, call, reason)],
  };
}

const reasons: Readonly<Partial<Record<VaultErrorCode, RefusalReason>>> = {
  NOT_FOUND: "not_found",
  CONFLICT: "conflict",
};

export function notFound(): VaultError {
  return new VaultError("NOT_FOUND", "no secret of that name");
}

/**
 * The error for a secret whose row does not match the log: changing it would legitimise a row restored by an attacker.
 */
export function notAsRecorded(): VaultError {
  return new VaultError("SEAL_BROKEN", "the secret is not what the audit log says so it cannot be changed");
}

export function isSealBroken(error: unknown): error is VaultError {
  return error instanceof VaultError && error.code === "SEAL_BROKEN";
}
