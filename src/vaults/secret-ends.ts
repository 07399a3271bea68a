import type { Operation } from "../ledger/index.ts";
import { type Asked, callOperation, requireAsRecorded } from "../people/index.ts";
import { type Place, subjectOf } from "./place.ts";
import { needsChange, requireUse } from "./secret-use.ts";
import { type VaultSecret, vaultSecrets } from "./tables.ts";
import { gone, olderWith, stateOf, unknownSecret } from "./version-state.ts";

/** Deletes all versions of a path. */
export function deleteSecret(asked: Asked, place: Place): Operation<void> {
  return callOperation({
    asked,
    action: "secret.delete",
    subject: subjectOf(place),
    needs: needsChange(asked, place),
    decide(view, caller) {
      requireUse(view, caller, asked, place, "secret.delete");
      const secret = view.get(vaultSecrets, place.key);
      if (secret === undefined || secret.isDeleted === 1) {
        throw unknownSecret();
      }
      requireAsRecorded(view, vaultSecrets, place.key);
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
      const secret = view.get(vaultSecrets, place.key);
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
      requireAsRecorded(view, vaultSecrets, place.key);
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
