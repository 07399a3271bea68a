import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mysqlMigrations } from "../../../src/store/mysql/migrations.ts";
import type { Migration } from "../../../src/store/sql/migrations.ts";
import { sqliteMigrations } from "../../../src/store/sqlite/migrations.ts";
import { tables } from "../../../src/tables.ts";

/** One step of a schema: what the program carries out, and the file that says what was released. */
export interface Step {
  /** The file's name. */
  readonly file: string;
  readonly statements: readonly string[];
}

/** Every step that the program has. */
export const steps: readonly Step[] = [
  ...stepsOf("sqlite", sqliteMigrations(tables)),
  ...stepsOf("mysql", mysqlMigrations(tables)),
];

function stepsOf(database: string, migrations: readonly Migration<string | { readonly sql: string }>[]) {
  return migrations.map(({ version, statements }) => ({
    file: `${database}-${version}.sql`,
    statements: statements.map((statement) => (typeof statement === "string" ? statement : statement.sql)),
  }));
}

/** The text of a golden file: the statements without the indentation that they have in the source. */
export function textOf({ statements }: Step): string {
  return statements.map((statement) => `${statement.replaceAll(/^ {7}/gm, "")};\n`).join("\n");
}

/** The statements of a golden file in `folder`; undefined when there is none. */
export function readGolden(folder: string, file: string): readonly string[] | undefined {
  const path = join(folder, file);
  return existsSync(path) ? readFileSync(path, "utf8").split(/;\n/).slice(0, -1).map(normalised) : undefined;
}

/** A statement without its layout. */
export function normalised(statement: string): string {
  return statement
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ ?([(),]) ?/g, "$1")
    .trim();
}
