export { watchBatches } from "./batch-watch.ts";
export type { ChangeIndex, LastChange } from "./change-index.ts";
export { watchClock } from "./clock-watch.ts";
export {
  changeMarks,
  isAsRecorded,
  markAtFromEnd,
  markText,
  payloadEndBytes,
  removalEnds,
  versionIn,
} from "./last-change.ts";
export { boundsOf, rowsOf, type TimeWindow } from "./log-search.ts";
export type { AuditDraft, Change, Decision, Need, Operation, Recorded, View, Weight } from "./operation.ts";
export { createReader, type Reader } from "./reader.ts";
export { createReadiness } from "./readiness.ts";
export { type Receipt, receiptText } from "./receipt.ts";
export {
  type AnyRecord,
  keyOf,
  keyText,
  parseTexts,
  type Shape,
  type StoredRow,
  type StoredValue,
  shapeOf,
} from "./record.ts";
export {
  type AuditRow,
  auditColumns,
  type Head,
  type ListedRow,
  originIdOf,
  originPrefix,
  proofDigestOf,
  rowHashOf,
  rowPrefix,
  subjectOf,
  zeroHash,
} from "./row.ts";
export { type RowBlock, separatorHex } from "./row-block.ts";
export { createSequencer, type Sequencer, type SequencerOptions } from "./sequencer.ts";
export {
  type AuditSelection,
  type Condition,
  type FollowingRow,
  type Inventory,
  type LedgerWrite,
  type Listing,
  type Loaded,
  type LoadedMac,
  type LoadedTable,
  type LoadRequest,
  type LogPointers,
  type NewestRow,
  type Order,
  pageBytes,
  type Rehearsed,
  type RowSelection,
  type Selection,
  type Snapshot,
  type SnapshotRow,
  type Store,
  StoreFailure,
  type StoreFailureKind,
  type TableNeeds,
  type TableWrite,
  type Trouble,
  type VouchedRecord,
  type WrongPointer,
} from "./store.ts";
export {
  type AnyTable,
  type Column,
  type ColumnType,
  type Derivation,
  declareTable,
  type Key,
  type LoggedChange,
  type LogOfChanges,
  othersKeptZeqonds,
  type Table,
} from "./table.ts";
