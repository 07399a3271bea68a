import type { Plaintext } from "../base/index.ts";
import type { Operation, View } from "../ledger/index.ts";
import { type Asked, callOperation, type Done, requireAsRecorded } from "../people/index.ts";
import type { Sealer } from "../sealing/index.ts";
import { enter, needsAccess } from "./access.ts";
import { Otherwise, orElse } from "./otherwise.ts";
import { bindingOf, type Place, subjectOf } from "./place.ts";
import type { AccessDecision, Wanted } from "./policy.ts";
import { answeredWith, type Keyed, needsKeyed, type Repeat, refuseRepeated } from "./repeats.ts";
import { needsVersion, requireUse } from "./secret-use.ts";
import { type VaultSecret, type VersionFacts, vaultSecrets } from "./tables.ts";
import { gone, olderWith, readable, stateOf, unknownSecret } from "./version-state.ts";

/** A version with its value, which the receiver wipes. */
export interface ReadVersion {
  readonly facts: VersionFacts;
  readonly value: Plaintext;
}

/**
 * What a read came to. `limited`: the version has a limit of reads, so that this one changes it; nothing is recorded yet, and
 * the read has to be made again with `counts`.
 */
type ReadOutcome = ({ readonly kind: "read" } & ReadVersion) | { readonly kind: "limited" } | Repeat;

export interface ReadOptions {
  /** Null: the newest version. */
  readonly number: number | null;
  readonly keyed: Keyed | null;
  /** Whether a read under a limit may be counted. */
  readonly counts: boolean;
  /** Whether the answer was given before: it is not counted again. */
  readonly repeats: boolean;
}

/** Reads a version. */
export function readVersion(
  asked: Asked,
  place: Place,
  { number, keyed, counts, repeats }: ReadOptions,
  sealer: Sealer,
): Operation<ReadOutcome> {
  const key = place.key;
  const operation = callOperation<{ readonly kind: "read" } & ReadVersion>({
    asked,
    action: "secret.read",
    subject: subjectOf(place),
    needs: [...needsVersion(asked, place, number, counts), ...needsKeyed(keyed)],
    decide(view, caller) {
      requireUse(view, caller, asked, place, "secret.read");
      if (!repeats) {
        refuseRepeated(view, keyed);
      }
      const secret = view.get(vaultSecrets, key);
      const facts = readable(view, secret, number);
      const { reads } = stateOf(secret as VaultSecret, facts.number);
      const isCounted = facts.maxReads !== null && !repeats;
      if (isCounted && reads >= (facts.maxReads ?? 0)) {
        throw gone("The read limit of this secret is used up");
      }
      if (isCounted && !counts) {
        throw new Otherwise({ kind: "limited" });
      }
      const value = sealer.open(facts, bindingOf(key, facts));
      const details = { vault_id: place.vaultId, path: place.path, version: facts.number };
      const count = isCounted ? counted(view, secret as VaultSecret, facts.number, reads + 1) : {};
      const answered = answeredWith(repeats ? null : keyed, facts.number);
      return {
        value: { kind: "read", facts, value },
        resourceId: facts.id,
        details: repeats ? { ...details, replayed: true } : details,
        ...count,
        ...answered.done,
        changes: [...(count.changes ?? []), ...answered.changes],
      };
    },
  });
  return orElse<{ readonly kind: "read" } & ReadVersion, Exclude<ReadOutcome, { kind: "read" }>>(
    operation,
    (outcome) => {
      if (outcome.kind === "read") {
        outcome.value.wipe();
      }
    },
  );
}

function counted(
  view: View,
  secret: VaultSecret,
  number: number,
  reads: number,
): Pick<Done<unknown>, "changes" | "changed"> {
  requireAsRecorded(view, vaultSecrets, secret.place);
  const isNewest = number === secret.number;
  const record: VaultSecret = {
    ...secret,
    version: secret.version + 1,
    ...(isNewest ? { reads } : { older: olderWith(secret, number, reads, Number(stateOf(secret, number).isDisabled)) }),
  };
  return {
    changes: [{ kind: "put", table: vaultSecrets, record }],
    changed: { table: vaultSecrets, record, isNew: false },
  };
}

/** Records that the versions of a path are about to be listed; they are read beside the chain. */
export function recordVersions(asked: Asked, place: Place): Operation<VaultSecret> {
  return callOperation({
    asked,
    action: "secret.versions",
    subject: subjectOf(place),
    needs: [...needsAccess(place.vaultId, asked), { table: vaultSecrets, key: [place.key] }],
    decide(view, caller) {
      requireUse(view, caller, asked, place, "secret.versions");
      const secret = view.get(vaultSecrets, place.key);
      if (secret === undefined) {
        throw unknownSecret();
      }
      if (secret.isDeleted === 1) {
        throw gone("This secret was deleted");
      }
      return { value: secret };
    },
  });
}

/** Records that the secrets of a vault are about to be listed; the outcome says which paths the caller may see. */
export function recordList(asked: Asked, vaultId: string): Operation<(wanted: Wanted) => AccessDecision> {
  return callOperation({
    asked,
    action: "secret.list",
    subject: { type: "secret", id: vaultId, originId: `vault:${vaultId}`, details: { vault_id: vaultId } },
    needs: needsAccess(vaultId, asked),
    decide: (view, caller) => ({ value: enter(view, caller, asked, vaultId).access }),
  });
}
