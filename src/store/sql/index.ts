export { auditValues, blockRow, listedColumns } from "./audit-log.ts";
export { addedColumns, createTables, type Dialect, keyIndexOf, newestVersion } from "./ddl.ts";
export { exactText, replacementCharacter } from "./exact-text.ts";
export { type LogLinks, type RowLink, rowsOfOrigin } from "./history.ts";
export type { Inspection, InspectionOptions } from "./inspection.ts";
export { Known } from "./known.ts";
export type { KnownRow, KnownTable } from "./known-table.ts";
export { type Migration, type MigrationProgress, type OnMigration, pendingMigrations } from "./migrations.ts";
export { linkOrigins, type OriginWrite } from "./origins.ts";
export { countOfPage, pageOf } from "./pages.ts";
export { wrongPointerOf } from "./pointers.ts";
export { tablesOfVault } from "./presence.ts";
export { textOf } from "./records.ts";
export { rehearsedRecord, rehearsedRow } from "./rehearsal.ts";
export { followingRows, selectRowsBefore } from "./rows-before.ts";
export { inAnyOrder, type SelectedSql, type SelectionDialect, type Sql, selectedSql } from "./selection.ts";
export { type SnapshotTable, snapshotTable } from "./snapshot-table.ts";
export { auditRowOf, exactBytes, numberOf, storedRowOf } from "./stored.ts";
export {
  columnOf,
  counterColumns,
  type DerivationSql,
  isTypeOf,
  marks,
  maxForgotten,
  mostLoadedSql,
  type TableSql,
  tableSql,
} from "./table-sql.ts";
