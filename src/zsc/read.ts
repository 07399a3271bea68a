import type { Plaintext } from "../domain/plaintext.ts";
import type { Operation } from "../ledger/operation.ts";
import type { Sealer } from "../sealing/envelope.ts";
import { oneRow } from "./drafts.ts";
import { needsPassage, pass, type Request } from "./gated.ts";

export interface ReadSecret {
  readonly name: string;
  readonly value: Plaintext;
  readonly purposeTag: string | null;
}

/** Reads a secret as `request.zid`. The purpose is `read` unless given. */
export function readSecret(request: Request, sealer: Sealer): Operation<ReadSecret> {
  return {
    needs: needsPassage(request),
    weight: oneRow,
    apply(view) {
      const passage = pass(view, request, sealer);
      if (passage.kind === "refused") {
        const { error, changes, draft } = passage;
        return { outcome: { kind: "refused", error }, changes, drafts: [draft] };
      }
      const { secret, plaintext, draft } = passage;
      const value = { name: secret.name, value: plaintext, purposeTag: secret.purposeTag };
      const changes = [{ kind: "count_read", name: secret.name } as const];
      return { outcome: { kind: "done", value }, changes, drafts: [draft] };
    },
  };
}
