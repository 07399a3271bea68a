import type { Operation } from "../ledger/index.ts";
import type { Sealer } from "../sealing/index.ts";
import { oneRow, type RefusalReason } from "./drafts.ts";
import { needsPassage, pass, type Request } from "./gated.ts";

type ProbeAnswer =
  | { readonly granted: true }
  | { readonly granted: false; readonly reason: RefusalReason; readonly detail?: string };

/** A probe always has `by`: its audit row names the admin who asked. */
type ProbeRequest = Request & { readonly by: string };

/** Tells whether `request.zid` may read a secret. It does not count as a read, but a denial counts as a denial. */
export function probePermission(request: ProbeRequest, sealer: Sealer): Operation<ProbeAnswer> {
  return {
    needs: needsPassage(request),
    weight: oneRow,
    apply(view) {
      const passage = pass(view, request, sealer);
      if (passage.kind === "granted") {
        passage.plaintext.wipe();
        return { outcome: { kind: "done", value: { granted: true } }, changes: [], drafts: [passage.draft] };
      }
      const { reason, error, changes, draft } = passage;
      const detail = reason === "error" ? { detail: error.message } : {};
      const value: ProbeAnswer = { granted: false, reason, ...detail };
      return { outcome: { kind: "done", value }, changes, drafts: [draft] };
    },
  };
}
