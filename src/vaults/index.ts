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
export { createPolicy, deletePolicy, listPolicies, updatePolicy } from "./policy-calls.ts";
export { type Held, purgeHeld } from "./purge.ts";
export { parseScopes } from "./scope.ts";
export {
  admitUse,
  deleteSecret,
  disableVersion,
  isVersionDisabled,
  type Keyed,
  keyOf,
  type Place,
  putSecret,
  type ReadOptions,
  type ReadVersion,
  readVersion,
  recordList,
  recordVersions,
  repeatWrite,
  rotateSecret,
  type SecretUse,
} from "./secret-calls.ts";
export { parseSecretType } from "./secret-type.ts";
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
