import {
  type AnyTable,
  auditColumns,
  type Head,
  type RowBlock,
  type Snapshot,
  StoreFailure,
  separatorHex,
} from "../../ledger/index.ts";
import { auditRowOf, blockRow, exactText, numberOf, type SnapshotTable, snapshotTable } from "../sql/index.ts";
import { type Connection, guarded, type MysqlOptions, openConnection } from "./connection.ts";
import { hasPointers, pointersIn } from "./pointers.ts";

const auditLog = { name: "audit_log", columns: auditColumns, key: ["seq"], size: 1_000, convert: auditRowOf };

/** A consistent view on a connection of its own. */
export async function openMysqlSnapshot(options: MysqlOptions): Promise<Snapshot> {
  const connection = await openConnection(options, "snapshot");
  return guarded(connection, async () => {
    await connection.run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    await connection.run("START TRANSACTION WITH CONSISTENT SNAPSHOT");
    const head = await headOf(connection);
    const isPointed = await hasPointers(connection);
    return {
      head,
      rows: () => pages(connection, auditLog),
      blocks: () => blocks(connection, head, isPointed),
      pointers: isPointed ? pointersIn(connection) : undefined,
      records: (table: AnyTable) => recordsOf(connection, table),
      async close() {
        connection.destroy();
      },
    };
  });
}

/** A table that a database of an older schema does not have has no records. */
async function* recordsOf(connection: Connection, table: AnyTable) {
  const known = await guarded(connection, () =>
    connection.rows("SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?", [
      table.name,
    ]),
  );
  if (known.length > 0) {
    yield* pages(connection, snapshotTable(table));
  }
}

const findHeadTable =
  "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'audit_head'";

async function headOf(connection: Connection): Promise<Head> {
  const known = await connection.rows(findHeadTable);
  if (known.length === 0) {
    throw new StoreFailure("unavailable", "it holds no audit log that this account may read");
  }
  const [head] = await connection.rows("SELECT seq, row_hash FROM audit_head WHERE id = 1");
  if (head === undefined) {
    throw new StoreFailure("unavailable", "the head of the audit log is gone");
  }
  return { seq: numberOf(head[0]), rowHash: exactText(head[1]) };
}

const rowsPerBlock = 500;

/** Columns of another character set are converted when they are read as text, but not in these blocks. */
const findOddities = [
  "(SELECT COUNT(*) FROM audit_log WHERE seq <= 0 OR seq > ? OR seq IS NULL)",
  `(SELECT COUNT(*) FROM information_schema.columns
     WHERE table_schema = DATABASE() AND table_name = 'audit_log' AND character_set_name <> 'ascii')`,
];
/** Concatenated on the client: GROUP_CONCAT would create a temporary table on disk for each block. */
const selectRows = (before: string) =>
  `SELECT ${blockRow(`X'${separatorHex}'`)}${before} FROM audit_log WHERE seq > ? AND seq <= ? ORDER BY seq`;

async function* blocks(connection: Connection, head: Head, isPointed: boolean): AsyncIterable<RowBlock> {
  const [odd] = await guarded(connection, () => connection.rows(`SELECT ${findOddities.join(" + ")}`, [head.seq]));
  if (numberOf(odd?.[0]) !== 0) {
    return;
  }
  const ask = askerOf(connection, selectRows(isPointed ? ", before_seq" : ""));
  let next = ask([0, Math.min(rowsPerBlock, head.seq)]);
  for (let seq = rowsPerBlock; ; seq += rowsPerBlock) {
    const read = await next;
    const rows = read.map(([row]) => row);
    if (rows.length === 0 || !rows.every(Buffer.isBuffer)) {
      return;
    }
    // Fetches the next block while this one is processed.
    next = ask([seq, Math.min(seq + rowsPerBlock, head.seq)]);
    const before = isPointed ? { before: read.map(([, pointer]) => pointer ?? "").join(",") } : {};
    yield { count: rows.length, bytes: Buffer.concat(rows), ...before };
  }
}

/** A reader may stop between two blocks: without the `catch`, a failure then would be an unhandled rejection. */
function askerOf(connection: Connection, sql: string) {
  return (values: readonly unknown[]) => {
    const asked = guarded(connection, () => connection.rows(sql, values));
    asked.catch(() => undefined);
    return asked;
  };
}

/**
 * Pages by key, so that memory stays flat however long the table is. A page begins with the last key of the one
 * before, and leaves one row of it out: if there are two, because the unique index was dropped, both are met.
 */
async function* pages<T>(
  connection: Connection,
  { name, columns, key, size, convert }: SnapshotTable<T>,
): AsyncIterable<readonly T[]> {
  const select = `SELECT ${columns.join(", ")} FROM ${name}`;
  const order = key.join(", ");
  const from = key.length === 1 ? `${order} >= ?` : `(${order}) >= (?)`;
  const keyOf = (row: readonly unknown[] | undefined) => key.map((column) => row?.[columns.indexOf(column)]);
  const ask = (sql: string, values: readonly unknown[]) => {
    const asked = guarded(connection, () => connection.rows(`${select} ${sql}`, values));
    // A reader may stop between two pages: a failure then would be an unhandled rejection.
    asked.catch(() => undefined);
    return asked;
  };
  let page = await ask(`ORDER BY ${order} LIMIT ?`, [size]);
  let before: readonly string[] | undefined;
  while (page.length > 0) {
    const last = keyOf(page.at(-1));
    const text = last.map(exactText);
    if (before !== undefined && text.every((part, index) => part === before?.[index])) {
      throw new StoreFailure("unavailable", `the table ${name} has lost its unique index`);
    }
    before = text;
    // Fetches the next page while this one is processed.
    const next = ask(`WHERE ${from} ORDER BY ${order} LIMIT ?`, [key.length === 1 ? last[0] : last, size + 1]);
    yield page.map(convert);
    page = (await next).slice(1);
  }
}
