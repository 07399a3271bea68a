export { refOf } from "./access.ts";
export { recordQuery, recordVerify } from "./audit-calls.ts";
export type { AuditEvent } from "./audit-event.ts";
export { createAuditSearch } from "./audit-search.ts";
export { defaultCharset, defaultGeneratedLength, generateValue, parseCharset } from "./charset.ts";
export { parseConditions } from "./conditions.ts";
export { parseIdempotencyKey } from "./idempotency-key.ts";
export { parsePrecondition } from "./if-match.ts";
export { hasPrefix, parseSecretPath } from "./path.ts";
export { parsePattern } from "./pattern.ts";
export { parsePermissions } from "./permission.ts";
export { type Place, placeOf } from "./place.ts";
export { createPolicy, deletePolicy, listPolicies, updatePolicy } from "./policy-calls.ts";
export { type Held, purgeHeld } from "./purge.ts";
export type { Keyed } from "./repeats.ts";
export { parseScopes } from "./scope.ts";
export { deleteSecret, disableVersion } from "./secret-ends.ts";
export { type ReadOptions, type ReadVersion, readVersion, recordList, recordVersions } from "./secret-reads.ts";
export { parseSecretType } from "./secret-type.ts";
export { admitUse, type SecretUse } from "./secret-use.ts";
export { putSecret, repeatWrite, rotateSecret } from "./secret-writes.ts";
export {
  olderVersions,
  policies,
  type StoredPolicy,
  type Vault,
  type VersionFacts,
  vaultSecrets,
  vaults,
  vaultTables,
} from "./tables.ts";
export { createVault, deleteVault, findVisible, inOrder, listVaults, readVault } from "./vault-calls.ts";
export { parseVaultName } from "./vault-name.ts";
export { isVersionDisabled } from "./version-state.ts";
