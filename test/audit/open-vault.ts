import Database from "better-sqlite3";
import type { Difference, Report as FullReport } from "../../src/audit/report.ts";
import { verify } from "../../src/audit/verify.ts";
import { errorCode, VaultError } from "../../src/base/index.ts";
import { openChangeIndex, openSnapshot } from "../../src/compose.ts";
import { parseDatabaseUrl } from "../../src/config/database-url.ts";
import type { Operation } from "../../src/ledger/operation.ts";
import { type AuditRow, auditColumns, rowHashOf } from "../../src/ledger/row.ts";
import { createSequencer } from "../../src/ledger/sequencer.ts";
import type { Store } from "../../src/ledger/store.ts";
import { secrets } from "../../src/secrets/tables.ts";
import { openMysqlStore } from "../../src/store/mysql/store.ts";
import { auditValues } from "../../src/store/sql/audit-log.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { tables } from "../../src/tables.ts";
import { freshMysqlUrl, freshSqliteUrl } from "../support/databases.ts";
import { collect, type HandClock, handClock } from "../support/ledger.ts";
import { deriveMysqlPointers, derivePointers } from "../support/log-pointers.ts";
import { withConnection } from "../support/mysql-admin.ts";
import { mysqlOptionsOf } from "../support/places.ts";

/** A report on ZSC's own tables, as the command prints it. */
export interface Report extends Omit<FullReport, "records" | "differences"> {
  readonly secrets: number;
  readonly differences: readonly Omit<Difference, "table">[];
}

export function plainReport({ records, differences, ...report }: FullReport): Report {
  return {
    ...report,
    secrets: records.get(secrets) ?? 0,
    differences: differences.map(({ name, seq, why }) => ({ name, seq, why })),
  };
}

export type DatabaseKind = "SQLite" | "MariaDB";

export const databaseKinds: readonly DatabaseKind[] = ["SQLite", "MariaDB"];

/** One statement and the values for its `?`. */
export type Statement = readonly [sql: string, ...values: unknown[]];

/** A vault whose tables lie open to whoever wants to change them by hand. */
export interface OpenVault {
  readonly kind: DatabaseKind;
  readonly url: string;
  readonly store: Store;
  readonly clock: HandClock;
  /** Carries out an operation; a refusal is an outcome like any other. */
  run(operation: Operation<unknown>): Promise<void>;
  /** Runs statements in one transaction beside the store, and then derives the pointers of the log anew. */
  sql(...statements: readonly Statement[]): Promise<void>;
  /** The same with the pointers as they are, or as the statements make them. SQLite only. */
  sqlAlone(...statements: readonly Statement[]): Promise<void>;
  rows(): Promise<readonly AuditRow[]>;
  /** Writes columns of row `seq` over and, unless it is among them, gives it the row_hash that they make. */
  rewrite(seq: number, columns: (row: AuditRow) => Partial<AuditRow>): Promise<void>;
  verify(): Promise<Report>;
  /** Remembers all tables, for `restore`. */
  keep(): Promise<void>;
  restore(): Promise<void>;
  close(): Promise<void>;
}

const allTables = ["audit_log", "audit_head", "audit_origin", "secret", "denial"];

export async function openVault(kind: DatabaseKind): Promise<OpenVault> {
  const url = kind === "SQLite" ? (await freshSqliteUrl()).url : await freshMysqlUrl();
  const clock = handClock();
  const store =
    kind === "SQLite" ? openSqliteStore(pathOf(url), tables) : await openMysqlStore(mysqlOptionsOf(url), tables);
  const sequencer = createSequencer({ store, clock });
  const sql: OpenVault["sql"] = (...statements) =>
    kind === "SQLite" ? onSqlite(pathOf(url), statements, true) : onMysql(url, statements, true);
  const rows = async () => {
    const snapshot = await snapshotOf(url);
    return await collect(snapshot.rows()).finally(() => snapshot.close());
  };
  return {
    kind,
    url,
    store,
    clock,
    sql,
    sqlAlone: (...statements) =>
      kind === "SQLite" ? onSqlite(pathOf(url), statements, false) : onMysql(url, statements, false),
    rows,
    async run(operation) {
      await sequencer.submit(operation).catch((error: unknown) => {
        if (!(error instanceof VaultError) || error.receipt === undefined) {
          throw error;
        }
      });
    },
    async rewrite(seq, columns) {
      const row = (await rows()).find((each) => each.seq === seq);
      if (row === undefined) {
        throw new Error(`there is no row ${seq}`);
      }
      const changes = columns(row);
      const changed = { ...row, ...changes };
      await sql(replaceRow(seq, { ...changed, rowHash: changes.rowHash ?? rowHashOf(changed) }));
    },
    async verify() {
      const snapshot = await snapshotOf(url);
      const index = await openChangeIndex();
      return await verify({ snapshot, tables, index, clock })
        .then(plainReport)
        .finally(() => {
          index.close();
          return snapshot.close();
        });
    },
    keep: () => sql(...allTables.map((table): Statement => [`CREATE TABLE kept_${table} AS SELECT * FROM ${table}`])),
    restore: () =>
      sql(
        ...allTables.flatMap((table): Statement[] => [
          [`DELETE FROM ${table}`],
          [`INSERT INTO ${table} SELECT * FROM kept_${table}`],
        ]),
      ),
    async close() {
      await sequencer.close();
      await store.close();
    },
  };
}

export function snapshotOf(url: string) {
  return openSnapshot(parseDatabaseUrl(url, String));
}

/** Puts a row in the place of row `seq`. */
export function replaceRow(seq: number, row: AuditRow): Statement {
  const assignments = auditColumns.map((column) => `${column} = ?`).join(", ");
  return [`UPDATE audit_log SET ${assignments} WHERE seq = ?`, ...auditValues(row), seq];
}

export function insertRow(row: AuditRow): Statement {
  return [
    `INSERT INTO audit_log (${auditColumns.join(", ")}) VALUES (${auditColumns.map(() => "?").join(", ")})`,
    ...auditValues(row),
  ];
}

function pathOf(url: string): string {
  return url.slice("sqlite:".length);
}

async function onSqlite(path: string, statements: readonly Statement[], derives: boolean): Promise<void> {
  const database = new Database(path);
  try {
    database.transaction(() => {
      for (const [sql, ...values] of statements) {
        database.prepare(sql).run(...values);
      }
    })();
    if (derives) {
      tryToDerive(database);
    }
  } finally {
    database.close();
  }
}

/** A row whose `seq` is none has no pointer. */
function tryToDerive(database: Database.Database): void {
  try {
    derivePointers(database);
  } catch (error) {
    if (errorCode(error)?.startsWith("SQLITE_") !== true) {
      throw error;
    }
  }
}

async function onMysql(url: string, statements: readonly Statement[], derives: boolean): Promise<void> {
  await withConnection(url, async (connection) => {
    await connection.query("SET autocommit = 0");
    for (const [sql, ...values] of statements) {
      await connection.query(sql, values);
    }
    await connection.query("COMMIT");
    if (derives) {
      await deriveMysqlPointers(connection).then(
        () => connection.query("COMMIT"),
        // A table that was altered may not take them.
        () => connection.query("ROLLBACK"),
      );
    }
  });
}
