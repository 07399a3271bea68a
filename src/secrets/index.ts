export { deleteSecret } from "./delete.ts";
export { bindingOf, isSealBroken } from "./drafts.ts";
export { knownEventTypes } from "./events.ts";
export { mayRead } from "./gate.ts";
export type { Request } from "./gated.ts";
export {
  isOrderedByReads,
  orderings,
  placeOf,
  type SecretFilter,
  type SecretOrder,
  selectionOf,
} from "./listing.ts";
export { infoSecret, recordAudit, recordList, recordLog, recordNames } from "./metadata.ts";
export { createMetadataReader, type MetadataListing, type MetadataReader } from "./metadata-reader.ts";
export { grantSecret, revokeSecret } from "./permissions.ts";
export type { Precondition } from "./precondition.ts";
export { probePermission } from "./probe.ts";
export { type ReadItem, type ReadSecret, type Room, readSecret, readSecrets, wipeAll } from "./read.ts";
export { isDueAt, rotateIfDue, rotateSecret } from "./rotate.ts";
export type { Secret, SecretMetadata } from "./secret.ts";
export { type SetInput, setSecret } from "./set.ts";
export { secrets, tables } from "./tables.ts";
