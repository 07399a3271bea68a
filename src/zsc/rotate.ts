import { systemZid } from "../domain/names.ts";
import type { Principal } from "../domain/principal.ts";
import type { Secret } from "../domain/secret.ts";
import { rotationZeqonds } from "../domain/zeqond.ts";
import type { Operation } from "../ledger/operation.ts";
import type { Sealer } from "../sealing/envelope.ts";
import { bindingOf, changeMarks } from "./drafts.ts";
import { reseal } from "./reseal.ts";

/** Seals the same plaintext again under a fresh key, because an admin asked for it. */
export function rotateSecret(name: string, admin: Principal, sealer: Sealer): Operation<void> {
  return rotate(name, admin, sealer, "manual_rotated");
}

/** Is it time for the daemon to seal this one again? */
export function isDue(secret: Secret, nowZeqond: number): boolean {
  return secret.expiresZeqond !== null && secret.expiresZeqond <= nowZeqond;
}

/**
 * The same by the daemon, unless another replica was first: then there is nothing to do and nothing to record.
 * Resolves to whether it was rotated.
 */
export function rotateIfDue(name: string, sealer: Sealer): Operation<boolean> {
  const rotation = rotate(name, { zid: systemZid, role: "system" }, sealer, "auto_rotated");
  return {
    needs: rotation.needs,
    weight: rotation.weight,
    apply(view) {
      const secret = view.secret(name);
      if (secret === undefined || !isDue(secret, view.now.zeqond)) {
        return { outcome: { kind: "done", value: false }, changes: [], drafts: [] };
      }
      const decision = rotation.apply(view);
      const { outcome } = decision;
      return { ...decision, outcome: outcome.kind === "done" ? { kind: "done", value: true } : outcome };
    },
  };
}

function rotate(
  name: string,
  actor: Principal,
  sealer: Sealer,
  purpose: "manual_rotated" | "auto_rotated",
): Operation<void> {
  return reseal(name, actor, {
    call: "rotate",
    change(before, nowZeqond, nowIso) {
      const plaintext = sealer.open(before, bindingOf(before));
      const expiresZeqond = nowZeqond + rotationZeqonds;
      const after = { ...before, expiresZeqond, version: before.version + 1, updatedAt: nowIso };
      const sealed = sealer.seal(plaintext, bindingOf(after));
      plaintext.wipe();
      return { ...after, ...sealed };
    },
    draft: (after) => ({
      type: "secret_rotated",
      subject: name,
      actorZid: actor.zid,
      purpose,
      payload: { name, purpose, ...changeMarks(after) },
    }),
    outcome: () => undefined,
  });
}
