import type { Need, Operation, View } from "../ledger/index.ts";
import { type Asked, callOperation } from "../people/index.ts";
import { enter, needsAccess, requireAccess } from "./access.ts";
import { Otherwise, orElse } from "./otherwise.ts";
import type { Permission } from "./permission.ts";
import { type Place, subjectOf } from "./place.ts";
import { olderVersions, vaultSecrets } from "./tables.ts";

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

export function requireUse(
  view: View,
  caller: Parameters<typeof enter>[1],
  asked: Asked,
  { vaultId, path }: Place,
  use: SecretUse,
): void {
  requireAccess(enter(view, caller, asked, vaultId), { kind: "use", path, anyOf: permissionsFor[use] });
}

export function needsVersion(asked: Asked, place: Place, number: number | null, changes: boolean): readonly Need[] {
  return [
    ...needsAccess(place.vaultId, asked),
    { table: vaultSecrets, key: [place.key], changes },
    ...(number === null ? [] : [{ table: olderVersions, key: [place.key, number] }]),
  ];
}

export function needsChange(asked: Asked, place: Place): readonly Need[] {
  return [...needsAccess(place.vaultId, asked), { table: vaultSecrets, key: [place.key], changes: true }];
}
