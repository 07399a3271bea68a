import { errorCode, OperatorError } from "../../base/index.ts";
import { type AnyTable, StoreFailure } from "../../ledger/index.ts";
import { type MigrationProgress, type OnMigration, pendingMigrations } from "../sql/index.ts";
import { type Connection, type MysqlOptions, openConnection } from "./connection.ts";
import { type MysqlStatement, mysqlMigrations } from "./migrations.ts";
import { despiteRivals } from "./rivals.ts";
import { proveWriting } from "./session.ts";

/** How long one statement waits for the lock: less than a statement may take. */
const lockSeconds = 10;
const lockAttempts = 6;
/** How long one statement of a step may take: an index of ten million rows takes the better part of a minute. */
const stepMs = 3_600_000;

/**
 * Brings the schema up to date under a lock, so that servers that start at once take turns. The lock holds on one
 * node of a cluster only; there the statements themselves, each of which can be repeated, make a meeting harmless.
 *
 * A schema that is up to date is only looked at: the rights to change tables are needed when there is a step to take.
 * Then what a start needs to know is found out: whether what is written comes back.
 */
export function migrate(options: MysqlOptions, tables: readonly AnyTable[], onMigration?: OnMigration): Promise<void> {
  const steps = mysqlMigrations(tables);
  return despiteRivals(async () => {
    const connection = await openConnection(options, "migration");
    try {
      const version = await versionOf(connection);
      if (pendingMigrations(steps, version).length > 0) {
        onMigration?.(version);
        await migrateUnderLock(connection, options.database, steps, (progress) => {
          onMigration?.(version, progress);
        }).finally(() => onMigration?.(undefined));
      }
      await refuseOtherEngines(connection, tables);
      await proveWriting(connection);
    } finally {
      connection.destroy();
    }
  });
}

const findVersionTable =
  "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'schema_version'";

/** Of the schema that the database has; 0 when it has none. */
export async function versionOf(connection: Connection): Promise<number> {
  const known = await connection.rows(findVersionTable);
  if (known.length === 0) {
    return 0;
  }
  const [row] = await connection.rows("SELECT version FROM schema_version WHERE id = 1");
  return Number(row?.[0] ?? 0);
}

async function migrateUnderLock(
  connection: Connection,
  database: string,
  steps: ReturnType<typeof mysqlMigrations>,
  onProgress: (progress: MigrationProgress) => void,
): Promise<void> {
  await takeLock(connection, `zsc:migrate:${database}`.slice(0, 64));
  await connection.run(
    "CREATE TABLE IF NOT EXISTS schema_version (id TINYINT UNSIGNED PRIMARY KEY, version INT UNSIGNED NOT NULL) ENGINE=InnoDB",
  );
  await connection.run("INSERT IGNORE INTO schema_version (id, version) VALUES (1, 0)");
  await connection.commit();
  for (const { version, statements } of pendingMigrations(steps, await versionOf(connection))) {
    for (const statement of statements) {
      await carryOut(connection, statement, onProgress);
    }
    await connection.run("UPDATE schema_version SET version = GREATEST(version, ?) WHERE id = 1", [version]);
    await connection.commit();
  }
  await connection.commit();
}

/** An engine without transactions would keep what is rolled back. */
async function refuseOtherEngines(connection: Connection, tables: readonly AnyTable[]): Promise<void> {
  const others = await connection.rows(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN (?) AND engine <> 'InnoDB'",
    [[...ownTables, ...tables.map(({ name }) => name)]],
  );
  if (others.length > 0) {
    const names = others.map(([name]) => String(name)).join(", ");
    throw new OperatorError(
      `The database keeps ${names} in another engine than InnoDB: convert with ALTER TABLE … ENGINE=InnoDB.`,
    );
  }
}

const ownTables = ["audit_log", "audit_origin", "audit_head", "key_check", "schema_version"];

async function carryOut(
  connection: Connection,
  statement: MysqlStatement,
  onProgress: (progress: MigrationProgress) => void,
): Promise<void> {
  connection.limit(stepMs);
  if (typeof statement === "string") {
    await connection.run(statement);
    return;
  }
  if ("carryOut" in statement) {
    await statement.carryOut(connection, onProgress);
    return;
  }
  if ((await connection.rows(statement.unless)).length > 0) {
    return;
  }
  try {
    await connection.run(statement.sql);
  } catch (error) {
    // A server on another node of the cluster was first. `information_schema` may not show it yet: it leaves out a table
    // that the other server's next statement has locked.
    if (!(error instanceof StoreFailure) || errorCode(error.cause) !== statement.refusedWhenDone) {
      throw error;
    }
  }
}

async function takeLock(connection: Connection, lock: string): Promise<void> {
  for (let attempt = 1; attempt <= lockAttempts; attempt++) {
    const [locked] = await connection.rows("SELECT GET_LOCK(?, ?)", [lock, lockSeconds]);
    if (Number(locked?.[0]) === 1) {
      return;
    }
  }
  const seconds = lockSeconds * lockAttempts;
  throw new OperatorError(
    `Another server holds the migration lock of the database for more than ${seconds} s. Try again when it is done.`,
  );
}
