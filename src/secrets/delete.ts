import type { Principal } from "../base/index.ts";
import { type Operation, originIdOf } from "../ledger/index.ts";
import { needsChange, notAsRecorded, notFound, oneRow, refuse } from "./drafts.ts";
import { secrets } from "./tables.ts";

/** Deletes a secret permanently. Its audit rows remain. */
export function deleteSecret(name: string, admin: Principal): Operation<void> {
  return {
    needs: needsChange(name),
    weight: oneRow,
    apply(view) {
      if (view.get(secrets, name) === undefined) {
        return refuse(name, admin.zid, "delete", notFound());
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
