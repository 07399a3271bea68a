import type { AnyTable, Column } from "../../ledger/index.ts";
import { columnOf, macColumn } from "./table-sql.ts";

/** How a database expresses what all of them have. */
export interface Dialect {
  /** The definition of a column, without its name. */
  columnType(column: Pick<Column, "type" | "maxBytes" | "optional">): string;
  /** The column of a table's primary key, when it is one column. */
  primary(definition: string): string;
  /** The column of a table's key, when it is one column and not the primary one; undefined: an index says so. */
  unique?(definition: string): string;
  /** The options after the columns of a table of this schema version. */
  tableOptions(since: number): string;
  /** Whether indices stand in the statement that creates the table. */
  readonly indicesInside: boolean;
}

/** A column that is added to a table with rows. */
interface AddedColumn {
  readonly table: string;
  readonly column: string;
  readonly definition: string;
}

/** The statements of one schema version: tables of that version, and columns that it adds to older ones. */
export function createTables(tables: readonly AnyTable[], version: number, dialect: Dialect): readonly string[] {
  return tables.filter(({ since }) => since === version).flatMap((table) => createTable(table, dialect));
}

export function addedColumns(tables: readonly AnyTable[], version: number, dialect: Dialect): readonly AddedColumn[] {
  return tables
    .filter(({ since }) => since < version)
    .flatMap((table) =>
      table.columns
        .filter((column) => column.since === version)
        .map((column) => ({ table: table.name, column: column.name, definition: addable(column, dialect) })),
    );
}

function addable(column: Column, dialect: Dialect): string {
  if (!column.optional) {
    throw new Error(`the rows that exist have no value for the new column ${column.name}: it must be optional`);
  }
  return dialect.columnType(column);
}

/** The newest schema version that any table asks for. */
export function newestVersion(tables: readonly AnyTable[]): number {
  return Math.max(0, ...tables.flatMap(({ since, columns }) => [since, ...columns.map((column) => column.since ?? 0)]));
}

function createTable(table: AnyTable, dialect: Dialect): readonly string[] {
  const { name, since, columns } = table;
  const original = columns.filter((column) => (column.since ?? since) === since);
  const definitions = original.map((column) => `${column.name} ${definitionOf(table, column, dialect)}`);
  if (table.vouched) {
    definitions.push(`${macColumn} ${dialect.columnType({ type: "bytes", maxBytes: 255 })}`);
  }
  const primary = table.identity === undefined ? table.key : [table.identity];
  if (primary.length > 1) {
    definitions.push(`PRIMARY KEY (${primary.map((field) => columnOf(table, field)).join(", ")})`);
  }
  const statements: string[] = [];
  for (const { label, of, isUnique } of indicesOf(table, dialect)) {
    const index = `${name}_by_${label}`;
    if (dialect.indicesInside) {
      definitions.push(`${isUnique ? "UNIQUE KEY" : "KEY"} ${index} (${of})`);
    } else {
      statements.push(`CREATE ${isUnique ? "UNIQUE " : ""}INDEX IF NOT EXISTS ${index} ON ${name} (${of})`);
    }
  }
  statements.unshift(`CREATE TABLE IF NOT EXISTS ${name} (${definitions.join(", ")}) ${dialect.tableOptions(since)}`);
  return statements;
}

function definitionOf({ key, identity }: AnyTable, column: Column, dialect: Dialect): string {
  const definition = dialect.columnType(column);
  const isOnly = (fields: readonly string[]) => fields.length === 1 && fields[0] === column.field;
  if (isOnly(identity === undefined ? key : [identity])) {
    return dialect.primary(definition);
  }
  return isOnly(key) && dialect.unique !== undefined ? dialect.unique(definition) : definition;
}

/** The index of a table's key, where it is no column's own. */
export function keyIndexOf(table: AnyTable): string {
  const { name, key, identity } = table;
  return identity === undefined ? "PRIMARY" : `${name}_by_${key.map((field) => columnOf(table, field)).join("_")}`;
}

interface Index {
  readonly label: string;
  readonly of: string;
  readonly isUnique: boolean;
}

function indicesOf(table: AnyTable, dialect: Dialect): readonly Index[] {
  const { key, identity, lookups, indexed, derivation } = table;
  const names = (fields: readonly string[]) => fields.map((field) => columnOf(table, field));
  const isInColumn = key.length === 1 && dialect.unique !== undefined;
  const ofKey =
    identity === undefined || isInColumn
      ? []
      : [{ label: names(key).join("_"), of: names(key).join(", "), isUnique: true }];
  const ofLookups = Object.entries(lookups).map(([label, fields]) => {
    const zeqond = derivation?.lookup === label ? [derivation.zeqond] : [];
    return { label, of: names([...(indexed?.[label] ?? fields), ...zeqond]).join(", "), isUnique: false };
  });
  return [...ofKey, ...ofLookups];
}
