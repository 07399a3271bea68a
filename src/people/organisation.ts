import { VaultError } from "../base/index.ts";
import type { Operation } from "../ledger/index.ts";
import { operatorDraft } from "./events.ts";
import { type Organisation, organisations } from "./tables.ts";

/** Makes the organisation, unless there is one. `make` is called when there is none. */
export function openOrganisation(
  make: () => Pick<Organisation, "id" | "publicKey" | "sealedKey">,
): Operation<Organisation> {
  return {
    needs: [{ table: organisations, key: ["main"], changes: true }],
    weight: { rows: 1, bytes: 0 },
    apply(view) {
      const known = view.get(organisations, "main");
      if (known !== undefined) {
        return { outcome: { kind: "done", value: known }, changes: [], drafts: [] };
      }
      if (!view.isAsRecorded(organisations, "main")) {
        throw new VaultError("SEAL_BROKEN", "the organisation was taken out of the database by hand");
      }
      const record: Organisation = { slot: "main", version: 1, ...make(), createdAt: view.now.iso };
      const changed = { table: organisations, record, isNew: true };
      return {
        outcome: { kind: "done", value: record },
        changes: [{ kind: "put", table: organisations, record }],
        drafts: [operatorDraft("org.create", "org:main", { id: record.id, changed })],
      };
    },
  };
}
