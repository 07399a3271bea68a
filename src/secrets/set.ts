import { type Moment, type Plaintext, type Principal, randomUuid, rotationZeqonds, systemZid } from "../base/index.ts";
import { changeMarks, type Decision, type Operation, originIdOf } from "../ledger/index.ts";
import type { Sealer } from "../sealing/index.ts";
import { bindingOf, isSealBroken, needsChange, notAsRecorded, refuse } from "./drafts.ts";
import { type Precondition, unmet } from "./precondition.ts";
import type { Secret } from "./secret.ts";
import { secrets } from "./tables.ts";

/** Absent fields take their default on a create and stay unchanged on an update. */
export interface SetInput {
  readonly name: string;
  readonly value: Plaintext;
  /** Null clears it. */
  readonly purposeTag?: string | null;
  readonly boundZid?: string;
  readonly permissions?: readonly string[];
  /** Null: never rotated automatically. Absent: in 86,400 Zeqonds, also on an update. */
  readonly expiresZeqond?: number | null;
}

/** Creates a secret or gives it a new value, always under a fresh key. The outcome is its version. */
export function setSecret(
  input: SetInput,
  admin: Principal,
  sealer: Sealer,
  precondition: Precondition = {},
): Operation<number> {
  const { name } = input;
  return {
    needs: needsChange(name),
    weight: { rows: 1, bytes: 2 * input.value.bytes.byteLength },
    apply(view) {
      const before = view.get(secrets, name);
      const conflict = unmet(precondition, before);
      if (conflict !== undefined) {
        return refuse(name, admin.zid, "set", conflict);
      }
      if (before !== undefined && carriesOver(input)) {
        // An attacker with write access to the tables could change the owner or the permissions; a set must not seal
        // them in.
        try {
          sealer.check(before, bindingOf(before));
        } catch (error) {
          if (isSealBroken(error)) {
            return refuse(name, admin.zid, "set", error);
          }
          throw error;
        }
      }
      if (!view.isAsRecorded(secrets, name)) {
        return refuse(name, admin.zid, "set", notAsRecorded());
      }
      return decide(before, fieldsOf(input, before, view.now), input.value, admin, sealer);
    },
  };
}

function decide(
  before: Secret | undefined,
  fields: Omit<Secret, "sealedKey" | "sealedValue">,
  value: Plaintext,
  admin: Principal,
  sealer: Sealer,
): Decision<number> {
  const secret: Secret = { ...fields, ...sealer.seal(value, bindingOf(fields)) };
  const payload = {
    name: secret.name,
    purpose_tag: secret.purposeTag,
    bound_zid: secret.boundZid,
    permissions: secret.permissions,
    expires_zeqond: secret.expiresZeqond,
    purpose: before === undefined ? "created" : "updated",
    ...changeMarks(secrets, secret),
  };
  return {
    outcome: { kind: "done", value: secret.version },
    changes: [{ kind: "put", table: secrets, record: secret }],
    drafts: [{ type: "secret_set", originId: originIdOf(secret.name), actorZid: admin.zid, purpose: "set", payload }],
  };
}

function fieldsOf(input: SetInput, before: Secret | undefined, now: Moment): Omit<Secret, "sealedKey" | "sealedValue"> {
  const { purposeTag, expiresZeqond } = input;
  return {
    id: before?.id ?? randomUuid(),
    name: input.name,
    purposeTag: (purposeTag === undefined ? before?.purposeTag : purposeTag) || null,
    boundZid: input.boundZid ?? before?.boundZid ?? systemZid,
    permissions: input.permissions ? [...new Set(input.permissions)] : (before?.permissions ?? []),
    expiresZeqond: expiresZeqond === undefined ? now.zeqond + rotationZeqonds : expiresZeqond,
    version: (before?.version ?? 0) + 1,
    createdAt: before?.createdAt ?? now.iso,
    updatedAt: now.iso,
    readCount: before?.readCount ?? 0,
    lastReadZeqond: before?.lastReadZeqond ?? null,
  };
}

function carriesOver(input: SetInput): boolean {
  return input.boundZid === undefined || input.permissions === undefined;
}
