import type { Principal } from "../base/index.ts";
import { type Operation, originIdOf } from "../ledger/index.ts";
import { needsChange, notAsRecorded, notFound, oneRow, refuse } from "./drafts.ts";
import { type Precondition, unmet } from "./precondition.ts";
import { secrets } from "./tables.ts";

/** Deletes a secret permanently. Its audit rows remain. */
export function deleteSecret(name: string, admin: Principal, precondition: Precondition = {}): Operation<void> {
  return {
    needs: needsChange(name),
    weight: oneRow,
    apply(view) {
      const before = view.get(secrets, name);
      const refusal = before === undefined ? notFound() : unmet(precondition, before);
      if (refusal !== undefined) {
        return refuse(name, admin.zid, "delete", refusal);
      }
      if (!view.isAsRecorded(secrets, name)) {
        return refuse(name, admin.zid, "delete", notAsRecorded());
      }
      const payload = { name, purpose: "deleted" };
      return {
        outcome: { kind: "done", value: undefined },
        changes: [{ kind: "delete", table: secrets, key: [name] }],
        drafts: [
          { type: "secret_deleted", originId: originIdOf(name), actorZid: admin.zid, purpose: "deleted", payload },
        ],
      };
    },
  };
}
