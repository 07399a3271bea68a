import { type Principal, rotationZeqonds, systemZid } from "../base/index.ts";
import { type Condition, changeMarks, type Operation, originIdOf } from "../ledger/index.ts";
import type { Sealer } from "../sealing/index.ts";
import { bindingOf } from "./drafts.ts";
import type { Precondition } from "./precondition.ts";
import { reseal } from "./reseal.ts";
import type { Secret } from "./secret.ts";
import { secrets } from "./tables.ts";

/** Reseals the plaintext under a fresh key, at an admin's request. */
export function rotateSecret(
  name: string,
  admin: Principal,
  sealer: Sealer,
  precondition: Precondition = {},
): Operation<void> {
  return rotate(name, admin, sealer, "manual_rotated", precondition);
}

/** That the daemon should rotate a secret now. */
export function isDueAt(zeqond: number): Condition {
  return { kind: "at_most", field: "expiresZeqond", value: zeqond };
}

/** Whether the daemon should rotate this secret now. */
function isDue(secret: Secret, nowZeqond: number): boolean {
  return secret.expiresZeqond !== null && secret.expiresZeqond <= nowZeqond;
}

/**
 * Rotates a secret for the daemon if it is still due. When another replica was first, nothing is done or recorded.
 * Resolves to whether it was rotated.
 */
export function rotateIfDue(name: string, sealer: Sealer): Operation<boolean> {
  const rotation = rotate(name, { zid: systemZid, role: "system" }, sealer, "auto_rotated", {});
  return {
    needs: rotation.needs,
    weight: rotation.weight,
    apply(view) {
      const secret = view.get(secrets, name);
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
  precondition: Precondition,
): Operation<void> {
  return reseal(name, actor, {
    call: "rotate",
    precondition,
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
      originId: originIdOf(name),
      actorZid: actor.zid,
      purpose,
      payload: { name, purpose, ...changeMarks(secrets, after) },
    }),
    outcome: () => undefined,
  });
}
