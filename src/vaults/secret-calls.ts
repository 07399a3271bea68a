import { type Plaintext, randomUuid, VaultError } from "../base/index.ts";
import { changeMarks, type Need, type Operation, type View } from "../ledger/index.ts";
import { type Asked, callOperation, type Done, requireAsRecorded, type Subject } from "../people/index.ts";
import type { Binding, Sealer } from "../sealing/index.ts";
import { enter, needsAccess, requireAccess } from "./access.ts";
import { isPreconditionMet, type Precondition } from "./if-match.ts";
import type { Permission } from "./permission.ts";
import type { AccessDecision, Wanted } from "./policy.ts";
import { defaultSecretType, type SecretType } from "./secret-type.ts";
import {
  keyedAnswers,
  type OlderVersion,
  olderVersions,
  type VaultSecret,
  type VersionFacts,
  vaultSecrets,
} from "./tables.ts";

/** A secret of a vault, as a request names it. Both are valid. */
export interface Place {
  readonly vaultId: string;
  readonly path: string;
}

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

/** A version with its value, which the receiver wipes. */
export interface ReadVersion {
  readonly facts: VersionFacts;
  readonly value: Plaintext;
}

/** Older versions of a path that were disabled, or read under a limit. */
const maxOlder = 1_000;

export function keyOf({ vaultId, path }: Place): string {
  return `${vaultId}/${path}`;
}

function subjectOf({ vaultId, path }: Place): Subject {
  return { type: "secret", id: vaultId, originId: `vault:${vaultId}/${path}`, details: { vault_id: vaultId, path } };
}

/** The binding of a version's seal: all that is the same of it as long as it exists. */
function bindingOf(place: string, facts: Omit<VersionFacts, "sealedKey" | "sealedValue">): Binding {
  const { id, number, type, metadata, createdBy, createdAt, expiresAtMs, maxReads } = facts;
  return {
    table: "vault_version",
    id,
    name: place,
    version: number,
    boundZid: createdBy,
    permissions: [type, metadata, String(expiresAtMs), String(maxReads)],
    purposeTag: null,
    expiresZeqond: null,
    createdAt,
    updatedAt: createdAt,
  };
}

/** A request with an idempotency key (contract 1claw.md, D4). */
export interface Keyed {
  /** Of the caller and the key. */
  readonly id: string;
  /** Of caller, key, method, path and body, under a key of the vault. */
  readonly fingerprint: string;
}

/** `repeat`: the same request was answered already, about this version; nothing is recorded yet. */
type Repeat = { readonly kind: "repeat"; readonly number: number };

/** Thrown by what decides, where another operation has to be made first. */
class Otherwise<T> extends Error {
  readonly outcome: T;

  constructor(outcome: T) {
    super("another operation is to be made");
    this.outcome = outcome;
  }
}

/** An operation whose outcome may be that another one has to be made, which leaves no event. */
function orElse<T, E>(operation: Operation<T>, discard?: (value: T | E) => void): Operation<T | E> {
  return {
    ...operation,
    apply(view) {
      try {
        return operation.apply(view);
      } catch (error) {
        if (error instanceof Otherwise) {
          return { outcome: { kind: "done", value: error.outcome as E }, changes: [], drafts: [] };
        }
        throw error;
      }
    },
    ...(discard === undefined ? {} : { discard }),
  } as Operation<T | E>;
}

/** @throws Otherwise with the answer to be repeated; VaultError `UNPROCESSABLE` when the key was for another request */
function refuseRepeated(view: View, keyed: Keyed | null): void {
  const answered = keyed === null ? undefined : view.all(keyedAnswers, "id", keyed.id).at(-1);
  if (answered === undefined) {
    return;
  }
  if (answered.fingerprint !== keyed?.fingerprint) {
    throw new VaultError("UNPROCESSABLE", "the idempotency key was used for another request");
  }
  throw new Otherwise<Repeat>({ kind: "repeat", number: answered.number });
}

function needsKeyed(keyed: Keyed | null): readonly Need[] {
  return keyed === null ? [] : [{ table: keyedAnswers, lookup: "id", by: [keyed.id] }];
}

/** What an answer leaves for its repetition. */
function answeredWith(keyed: Keyed | null, number: number) {
  return keyed === null
    ? { changes: [], done: {} }
    : {
        changes: [{ kind: "append", table: keyedAnswers, draft: 0 } as const],
        done: { keyed: { ...keyed, number } },
      };
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
      const before = view.get(vaultSecrets, keyOf(place));
      requireAsRecorded(view, vaultSecrets, keyOf(place));
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
      const facts = readable(view, view.get(vaultSecrets, keyOf(place)), number);
      const details = { vault_id: place.vaultId, path: place.path, version: number, replayed: true };
      return { value: facts, resourceId: facts.id, details };
    },
  });
}

function needsVersion(asked: Asked, place: Place, number: number | null, changes: boolean): readonly Need[] {
  return [
    ...needsAccess(place.vaultId, asked),
    { table: vaultSecrets, key: [keyOf(place)], changes },
    ...(number === null ? [] : [{ table: olderVersions, key: [keyOf(place), number] }]),
  ];
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
      const before = view.get(vaultSecrets, keyOf(place));
      if (before === undefined || before.isDeleted === 1) {
        throw unknownSecret();
      }
      requireAsRecorded(view, vaultSecrets, keyOf(place));
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
    place: keyOf(place),
    version: (before?.version ?? 0) + 1,
    isDeleted: 0,
    firstNumber: live?.firstNumber ?? number,
    isDisabled: 0,
    reads: 0,
    older: live === undefined ? [] : olderWith(live, live.number, live.reads, live.isDisabled),
    rotationPolicy: input.rotationPolicy,
    ...facts,
    ...sealer.seal(input.value, bindingOf(keyOf(place), facts)),
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

/** The state of older versions, with that of one of them replaced; nothing is kept of one that is as it was made. */
function olderWith({ older }: VaultSecret, number: number, reads: number, isDisabled: number): readonly string[] {
  const others = older.filter((entry) => !entry.startsWith(`${number} `));
  if (reads === 0 && isDisabled === 0) {
    return others;
  }
  if (others.length >= maxOlder) {
    throw new VaultError("LIMIT_EXCEEDED", `of a secret, ${maxOlder} older versions may be disabled or limited`);
  }
  return [...others, `${number} ${reads} ${isDisabled}`];
}

interface State {
  readonly reads: number;
  readonly isDisabled: boolean;
}

function stateOf(secret: VaultSecret, number: number): State {
  if (number === secret.number) {
    return { reads: secret.reads, isDisabled: secret.isDisabled === 1 };
  }
  const entry = secret.older.find((each) => each.startsWith(`${number} `))?.split(" ") ?? [];
  return { reads: Number(entry[1] ?? 0), isDisabled: entry[2] === "1" };
}

/** Whether a version was disabled. */
export function isVersionDisabled(secret: VaultSecret, number: number): boolean {
  return stateOf(secret, number).isDisabled;
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
  const key = keyOf(place);
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

/** The facts of a version that may be read now, but for its limit of reads. */
function readable(view: View, secret: VaultSecret | undefined, wanted: number | null): VersionFacts {
  if (secret === undefined) {
    throw unknownSecret();
  }
  const number = wanted ?? secret.number;
  if (number > secret.number) {
    throw unknownSecret();
  }
  if (secret.isDeleted === 1 || number < secret.firstNumber) {
    throw gone("This secret was deleted");
  }
  if (stateOf(secret, number).isDisabled) {
    throw gone("This version is disabled");
  }
  const facts = number === secret.number ? secret : view.get(olderVersions, secret.place, number);
  if (facts === undefined) {
    throw unknownSecret();
  }
  if (facts.expiresAtMs !== null && view.now.unixMs >= facts.expiresAtMs) {
    throw gone("This secret has expired");
  }
  return facts;
}

/** Deletes all versions of a path. */
export function deleteSecret(asked: Asked, place: Place): Operation<void> {
  return callOperation({
    asked,
    action: "secret.delete",
    subject: subjectOf(place),
    needs: needsChange(asked, place),
    decide(view, caller) {
      requireUse(view, caller, asked, place, "secret.delete");
      const secret = view.get(vaultSecrets, keyOf(place));
      if (secret === undefined || secret.isDeleted === 1) {
        throw unknownSecret();
      }
      requireAsRecorded(view, vaultSecrets, keyOf(place));
      const record: VaultSecret = { ...secret, version: secret.version + 1, isDeleted: 1 };
      return {
        value: undefined,
        changes: [{ kind: "put", table: vaultSecrets, record }],
        changed: { table: vaultSecrets, record, isNew: false },
        resourceId: secret.id,
      };
    },
  });
}

/** Disables a version for good; a second time changes nothing. */
export function disableVersion(asked: Asked, place: Place, number: number): Operation<void> {
  return callOperation({
    asked,
    action: "secret.version_disable",
    subject: subjectOf(place),
    needs: needsChange(asked, place),
    decide(view, caller) {
      requireUse(view, caller, asked, place, "secret.version_disable");
      const secret = view.get(vaultSecrets, keyOf(place));
      if (secret === undefined || number > secret.number) {
        throw unknownSecret();
      }
      if (secret.isDeleted === 1 || number < secret.firstNumber) {
        throw gone("This secret was deleted");
      }
      const details = { vault_id: place.vaultId, path: place.path, version: number };
      const { reads, isDisabled } = stateOf(secret, number);
      if (isDisabled) {
        return { value: undefined, resourceId: secret.id, details };
      }
      requireAsRecorded(view, vaultSecrets, keyOf(place));
      const record: VaultSecret = {
        ...secret,
        version: secret.version + 1,
        ...(number === secret.number ? { isDisabled: 1 } : { older: olderWith(secret, number, reads, 1) }),
      };
      return {
        value: undefined,
        changes: [{ kind: "put", table: vaultSecrets, record }],
        changed: { table: vaultSecrets, record, isNew: false },
        resourceId: secret.id,
        details,
      };
    },
  });
}

/** Records that the versions of a path are about to be listed; they are read beside the chain. */
export function recordVersions(asked: Asked, place: Place): Operation<VaultSecret> {
  return callOperation({
    asked,
    action: "secret.versions",
    subject: subjectOf(place),
    needs: [...needsAccess(place.vaultId, asked), { table: vaultSecrets, key: [keyOf(place)] }],
    decide(view, caller) {
      requireUse(view, caller, asked, place, "secret.versions");
      const secret = view.get(vaultSecrets, keyOf(place));
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

function needsChange(asked: Asked, place: Place): readonly Need[] {
  return [...needsAccess(place.vaultId, asked), { table: vaultSecrets, key: [keyOf(place)], changes: true }];
}

/** What is done with the secret of a path. */
export type SecretUse =
  | "secret.write"
  | "secret.rotate"
  | "secret.read"
  | "secret.delete"
  | "secret.version_disable"
  | "secret.versions";

/** Either suffices (contract 1claw.md, D14). */
const permissionsFor: Readonly<Record<SecretUse, readonly Permission[]>> = {
  "secret.write": ["write"],
  "secret.rotate": ["rotate", "write"],
  "secret.read": ["read"],
  "secret.delete": ["delete", "write"],
  "secret.version_disable": ["write"],
  "secret.versions": ["read"],
};

/**
 * Decides whether a caller may use a path before anything of it is loaded: by how long a refusal took, somebody would learn
 * whether there is a secret, and how large it is. Records the refusal, and nothing else: whoever may is decided on again with the
 * operation itself.
 */
export function admitUse(asked: Asked, use: SecretUse, place: Place): Operation<"allowed"> {
  return orElse<never, "allowed">(
    callOperation<never>({
      asked,
      action: use,
      subject: subjectOf(place),
      needs: needsAccess(place.vaultId, asked),
      decide(view, caller) {
        requireUse(view, caller, asked, place, use);
        throw new Otherwise("allowed");
      },
    }),
  );
}

function requireUse(
  view: View,
  caller: Parameters<typeof enter>[1],
  asked: Asked,
  { vaultId, path }: Place,
  use: SecretUse,
): void {
  requireAccess(enter(view, caller, asked, vaultId), { kind: "use", path, anyOf: permissionsFor[use] });
}

function unknownSecret(): VaultError {
  return new VaultError("NOT_FOUND", "Secret not found");
}

function gone(message: string): VaultError {
  return new VaultError("GONE", message);
}
