import { VaultError } from "../base/index.ts";
import type { Operation } from "../ledger/index.ts";
import { type Asked, type Caller, callOperation, isLimited, type Subject } from "../people/index.ts";
import type { Audience } from "./audit-event.ts";
import { vaults } from "./tables.ts";

const subject: Subject = { type: "audit", id: "main", originId: "audit:main", details: {} };

/** Records that events are about to be looked for; the outcome says which the caller may see (contract 1claw.md, D9). */
export function recordQuery(asked: Asked): Operation<Audience> {
  return callOperation<Audience>({
    asked,
    action: "audit.query",
    subject,
    needs: [{ table: vaults, lookup: "org", by: ["main"] }],
    decide(view, caller) {
      requireUnlimited(caller);
      if (caller.type === "agent") {
        return { value: { kind: "own", sub: caller.sub, vaultIds: new Set() } };
      }
      if (caller.role === "owner" || caller.role === "admin") {
        return { value: { kind: "all" } };
      }
      const made = view.all(vaults, "org", "main").filter(({ createdBy }) => createdBy === caller.sub);
      return { value: { kind: "own", sub: caller.sub, vaultIds: new Set(made.map(({ id }) => id)) } };
    },
  });
}

/** Records that the log is about to be verified, by a user. */
export function recordVerify(asked: Asked): Operation<void> {
  return callOperation({
    asked,
    action: "audit.verify",
    subject,
    needs: [],
    decide(_view, caller) {
      requireUnlimited(caller);
      if (caller.type === "agent") {
        throw new VaultError("FORBIDDEN", "Insufficient permissions");
      }
      return { value: undefined };
    },
  });
}

/** Events tell of paths: a key that is kept to some of them does not see what was done elsewhere. */
function requireUnlimited({ type, scopes }: Caller): void {
  if (type === "user" && isLimited(scopes)) {
    throw new VaultError("FORBIDDEN", "Token scopes do not cover the audit log");
  }
}
