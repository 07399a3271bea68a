export { type IpAddress, tryParseAddress } from "./address.ts";
export {
  type Charset,
  defaultCharset,
  defaultGeneratedLength,
  generateValue,
  parseCharset,
} from "./charset.ts";
export { type Conditions, parseConditions, restoreConditions } from "./conditions.ts";
export { parseIdempotencyKey } from "./idempotency-key.ts";
export { isPreconditionMet, type Precondition, parsePrecondition } from "./if-match.ts";
export { hasPrefix, parseSecretPath } from "./path.ts";
export { type PathPattern, parsePattern } from "./pattern.ts";
export { type Permission, parsePermissions } from "./permission.ts";
export {
  type AccessContext,
  type AccessDecision,
  createAccess,
  decideAccess,
  type Policy,
  type PrincipalRef,
  type Refusal,
  type VaultPrincipal,
  type Wanted,
} from "./policy.ts";
export { type PathCeiling, parseScopes } from "./scope.ts";
export { defaultSecretType, parseSecretType, type SecretType } from "./secret-type.ts";
export { formatTimestamp, parseTimestamp } from "./timestamp.ts";
export { parseVaultName } from "./vault-name.ts";
