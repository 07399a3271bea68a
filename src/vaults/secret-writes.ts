import { type Plaintext, randomUuid, VaultError } from "../base/index.ts";
import { changeMarks, type Operation } from "../ledger/index.ts";
import { type Asked, callOperation, type Done, requireAsRecorded } from "../people/index.ts";
import type { Sealer } from "../sealing/index.ts";
import { isPreconditionMet, type Precondition } from "./if-match.ts";
import { orElse } from "./otherwise.ts";
import { bindingOf, type Place, subjectOf } from "./place.ts";
import { answeredWith, type Keyed, needsKeyed, type Repeat, refuseRepeated } from "./repeats.ts";
import { defaultSecretType, type SecretType } from "./secret-type.ts";
import { needsChange, needsVersion, requireUse } from "./secret-use.ts";
import { type OlderVersion, olderVersions, type VaultSecret, type VersionFacts, vaultSecrets } from "./tables.ts";
import { olderWith, readable, unknownSecret } from "./version-state.ts";

interface NewVersion {
  readonly value: Plaintext;
  /** Undefined: that of the version before, or `generic`. */
  readonly type: SecretType | undefined;
  /** A JSON object; undefined: that of the version before. */
  readonly metadata: string | undefined;
  readonly expiresAtMs: number | null;
  readonly maxReads: number | null;
  /** JSON. */
  readonly rotationPolicy: string | null;
}

/** Writes a new version. It never gives the value back. */
export function putSecret(
  asked: Asked,
  place: Place,
  input: NewVersion,
  { precondition, keyed }: { readonly precondition: Precondition; readonly keyed: Keyed | null },
  sealer: Sealer,
): Operation<{ readonly kind: "written"; readonly secret: VaultSecret } | Repeat> {
  const operation = callOperation({
    asked,
    action: "secret.write",
    subject: subjectOf(place),
    needs: [...needsChange(asked, place), { table: olderVersions, inserts: true }, ...needsKeyed(keyed)],
    bytes: input.value.bytes.byteLength,
    decide(view, caller) {
      requireUse(view, caller, asked, place, "secret.write");
      refuseRepeated(view, keyed);
      const before = view.get(vaultSecrets, place.key);
      requireAsRecorded(view, vaultSecrets, place.key);
      const isCurrent = before !== undefined && before.isDeleted === 0;
      if (!isPreconditionMet(precondition, isCurrent ? before.number : null)) {
        throw new VaultError("PRECONDITION_FAILED", "the current version is not the one that was asked for");
      }
      const written = write(place, before, { ...input, createdBy: caller.sub, createdAt: view.now.iso }, sealer);
      const answered = answeredWith(keyed, written.value.number);
      return {
        ...written,
        ...answered.done,
        value: { kind: "written", secret: written.value } as const,
        changes: [...(written.changes ?? []), ...answered.changes],
      };
    },
  });
  return orElse(operation);
}

/** Repeats the answer of a write: nothing is written again. */
export function repeatWrite(asked: Asked, place: Place, number: number): Operation<VersionFacts> {
  return callOperation({
    asked,
    action: "secret.write",
    subject: subjectOf(place),
    needs: needsVersion(asked, place, number, false),
    decide(view, caller) {
      requireUse(view, caller, asked, place, "secret.write");
      const facts = readable(view, view.get(vaultSecrets, place.key), number);
      const details = { vault_id: place.vaultId, path: place.path, version: number, replayed: true };
      return { value: facts, resourceId: facts.id, details };
    },
  });
}

/** Writes a new version with a generated value, which nobody sees until it is read. */
export function rotateSecret(
  asked: Asked,
  place: Place,
  value: Plaintext,
  type: SecretType | undefined,
  sealer: Sealer,
): Operation<VaultSecret> {
  return callOperation({
    asked,
    action: "secret.rotate",
    subject: subjectOf(place),
    needs: [...needsChange(asked, place), { table: olderVersions, inserts: true }],
    decide(view, caller) {
      requireUse(view, caller, asked, place, "secret.rotate");
      const before = view.get(vaultSecrets, place.key);
      if (before === undefined || before.isDeleted === 1) {
        throw unknownSecret();
      }
      requireAsRecorded(view, vaultSecrets, place.key);
      const fresh = { value, type, metadata: undefined, expiresAtMs: null, maxReads: null, rotationPolicy: null };
      return write(place, before, { ...fresh, createdBy: caller.sub, createdAt: view.now.iso }, sealer);
    },
  });
}

function write(
  place: Place,
  before: VaultSecret | undefined,
  input: NewVersion & Pick<VersionFacts, "createdBy" | "createdAt">,
  sealer: Sealer,
): Done<VaultSecret> {
  const live = before?.isDeleted === 0 ? before : undefined;
  const number = (before?.number ?? 0) + 1;
  const facts = {
    id: randomUuid(),
    number,
    type: input.type ?? live?.type ?? defaultSecretType,
    metadata: input.metadata ?? live?.metadata ?? "{}",
    createdBy: input.createdBy,
    createdAt: input.createdAt,
    expiresAtMs: input.expiresAtMs,
    maxReads: input.maxReads,
  };
  const record: VaultSecret = {
    place: place.key,
    version: (before?.version ?? 0) + 1,
    isDeleted: 0,
    firstNumber: live?.firstNumber ?? number,
    isDisabled: 0,
    reads: 0,
    older: live === undefined ? [] : olderWith(live, live.number, live.reads, live.isDisabled),
    rotationPolicy: input.rotationPolicy,
    ...facts,
    ...sealer.seal(input.value, bindingOf(place.key, facts)),
  };
  const older = before && olderOf(before);
  return {
    value: record,
    changes: [
      { kind: "put", table: vaultSecrets, record },
      ...(older === undefined ? [] : [{ kind: "put", table: olderVersions, record: older } as const]),
    ],
    changed: { table: vaultSecrets, record, isNew: before === undefined },
    resourceId: facts.id,
    details: { vault_id: place.vaultId, path: place.path, version: number },
    ...(older === undefined
      ? {}
      : { superseded: { number: older.number, digest: changeMarks(olderVersions, older).sealed_digest } }),
  };
}

function olderOf(secret: VaultSecret): OlderVersion {
  const { place, id, number, type, metadata, createdBy, createdAt, expiresAtMs, maxReads, sealedKey, sealedValue } =
    secret;
  return { place, id, number, type, metadata, createdBy, createdAt, expiresAtMs, maxReads, sealedKey, sealedValue };
}
