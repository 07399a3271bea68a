import type { Principal, VaultError } from "../base/index.ts";
import type { AuditDraft, Decision, Operation } from "../ledger/index.ts";
import { isSealBroken, needsChange, notAsRecorded, notFound, oneRow, refuse } from "./drafts.ts";
import { type Precondition, unmet } from "./precondition.ts";
import type { Secret } from "./secret.ts";
import { secrets } from "./tables.ts";

/** A change of an existing secret that reseals it. */
interface Resealing<T> {
  /** The call's name in the audit row of a refusal. */
  readonly call: string;
  readonly precondition: Precondition;
  /** Returns the changed secret, or the refusal. Throws `SEAL_BROKEN` when the seal does not open. */
  change(before: Secret, nowZeqond: number, nowIso: string): Secret | VaultError;
  draft(after: Secret): AuditDraft;
  outcome(after: Secret): T;
}

/**
 * Makes the operation that changes an existing secret. It records all refusals in the same way: a missing secret, a
 * precondition that is not met, a broken seal, a row that does not match the log, and those of `change`.
 */
export function reseal<T>(name: string, admin: Principal, resealing: Resealing<T>): Operation<T> {
  return {
    needs: needsChange(name),
    weight: oneRow,
    apply(view) {
      const before = view.get(secrets, name);
      if (before === undefined) {
        return refuse(name, admin.zid, resealing.call, notFound());
      }
      const after =
        unmet(resealing.precondition, before) ?? attempt(() => resealing.change(before, view.now.zeqond, view.now.iso));
      if (after instanceof Error) {
        return refuse(name, admin.zid, resealing.call, after);
      }
      if (!view.isAsRecorded(secrets, name)) {
        return refuse(name, admin.zid, resealing.call, notAsRecorded());
      }
      return changed(after, resealing);
    },
  };
}

function changed<T>(after: Secret, resealing: Resealing<T>): Decision<T> {
  return {
    outcome: { kind: "done", value: resealing.outcome(after) },
    changes: [{ kind: "put", table: secrets, record: after }],
    drafts: [resealing.draft(after)],
  };
}

function attempt(change: () => Secret | VaultError): Secret | VaultError {
  try {
    return change();
  } catch (error) {
    if (isSealBroken(error)) {
      return error;
    }
    throw error;
  }
}
