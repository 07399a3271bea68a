export { BoundedMap } from "./bounded-map.ts";
export type { AbortListener, Cancellation } from "./cancellation.ts";
export { type Clock, systemClock } from "./clock.ts";
export { editDistance, nearestOf } from "./edit-distance.ts";
export { errorCode } from "./error-code.ts";
export { VaultError, type VaultErrorCode } from "./errors.ts";
export { FieldWriter } from "./fields.ts";
export { fieldsOfError, type Log, type LogFields } from "./log.ts";
export { type Moment, momentOf } from "./moment.ts";
export {
  isLabel,
  isNamePart,
  isSecretName,
  isZid,
  maxNameBytes,
  maxPermissions,
  maxPurposeBytes,
  maxValueBytes,
  maxZidBytes,
  systemZid,
} from "./names.ts";
export { OperatorError } from "./operator-error.ts";
export { Plaintext } from "./plaintext.ts";
export type { Credential, Principal, Role, TokenRole } from "./principal.ts";
export type { RateLimit } from "./rate-limit.ts";
export type { Durability, Readiness } from "./readiness.ts";
export type { RowMac } from "./row-mac.ts";
export { formatTimestamp, parseTimestamp } from "./timestamp.ts";
export { randomUuid } from "./uuid.ts";
export { createWorkQueue, type WorkQueue } from "./work-queue.ts";
export { rotationZeqonds, zeqondMs } from "./zeqond.ts";
