import {
  type AnyTable,
  type AuditRow,
  auditColumns,
  type Head,
  type RowBlock,
  type Snapshot,
  StoreFailure,
  separatorHex,
} from "../../ledger/index.ts";
import { auditRowOf, blockRow, exactText, numberOf, replacementCharacter, snapshotTable } from "../sql/index.ts";
import { failureOf, isForeign, type Sqlite } from "./database.ts";
import { hasPointers, pointersIn } from "./pointers.ts";
import { asBytes } from "./tables.ts";

const rowsPerPage = 500;

/**
 * A read transaction on a connection of its own: the write-ahead log keeps its view while writers go on. It owns the
 * connection, and closes it also when it cannot begin.
 */
export function openSqliteSnapshot(database: Sqlite): Snapshot {
  try {
    database.exec("BEGIN");
    const head = headOf(database);
    return {
      head,
      rows: () =>
        pages(database, `SELECT ${auditColumns} FROM audit_log ORDER BY seq`, rowsPerPage, exactRows(database)),
      blocks: () => blocks(database, head),
      pointers: pointersIn(database),
      records: (table: AnyTable) => {
        const { name, columns, key, size, convert } = snapshotTable(table);
        if (database.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?").get(name) === undefined) {
          return none();
        }
        return pages(database, `SELECT ${asBytes(columns)} FROM ${name} ORDER BY ${key.join(", ")}`, size, convert);
      },
      async close() {
        database.close();
      },
    };
  } catch (error) {
    database.close();
    throw failureOf(error);
  }
}

function headOf(database: Sqlite): Head {
  const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'audit_head'").get();
  if (known === undefined) {
    throw new StoreFailure("unavailable", "it holds no audit log");
  }
  const [head] = database.prepare<[], unknown[]>("SELECT seq, row_hash FROM audit_head WHERE id = 1").raw().all();
  if (head === undefined) {
    throw new StoreFailure("unavailable", "the head of the audit log is gone");
  }
  return { seq: numberOf(head[0]), rowHash: exactText(head[1]) };
}

/** A table that a database of an older schema does not have has no records. */
async function* none(): AsyncIterable<readonly never[]> {}

/** One statement that is stepped through, so that memory stays flat and no row is met twice or never. */
async function* pages<T>(
  database: Sqlite,
  sql: string,
  size: number,
  convert: (columns: readonly unknown[]) => T,
): AsyncIterable<readonly T[]> {
  let page: T[] = [];
  try {
    for (const columns of database.prepare<[], unknown[]>(sql).raw().iterate()) {
      page.push(convert(columns));
      if (page.length < size) {
        continue;
      }
      yield page;
      page = [];
    }
  } catch (error) {
    throw failureOf(error);
  }
  if (page.length > 0) {
    yield page;
  }
}

const selectEnd = (order: string) => `SELECT seq FROM audit_log ORDER BY seq ${order} LIMIT 1`;
const selectBlock = (before: string) =>
  `SELECT count(*), CAST(group_concat(${blockRow(`CAST(X'${separatorHex}' AS TEXT)`)}, '') AS BLOB), ${before}
   FROM audit_log WHERE seq > ? AND seq <= ?`;

/** What cannot be read like this is left to those who read row by row. */
async function* blocks(database: Sqlite, head: Head): AsyncIterable<RowBlock> {
  try {
    // NULL comes before all numbers, and text behind them.
    const ends = ["ASC", "DESC"].map((order) => database.prepare(selectEnd(order)).pluck().get());
    if (ends[0] !== 1 || ends[1] !== head.seq) {
      return;
    }
    const before = hasPointers(database) ? "group_concat(before_seq)" : "NULL";
    const select = database.prepare<[number, number], [number, unknown, unknown]>(selectBlock(before)).raw();
    for (let seq = 0; seq < head.seq; seq += rowsPerPage) {
      const [count, bytes, pointers] = select.get(seq, Math.min(seq + rowsPerPage, head.seq)) ?? [];
      if (count === undefined || !Buffer.isBuffer(bytes)) {
        return;
      }
      yield { count, bytes, ...(typeof pointers === "string" ? { before: pointers } : {}) };
    }
  } catch (error) {
    if (!isForeign(error)) {
      throw error;
    }
  }
}

/**
 * Text is read as text, which is twice as fast as bytes; a row whose text decoding may have mended is read again. In
 * the other columns no row of ours has a character beyond ASCII, so that there a mended one shows by itself.
 */
function exactRows(database: Sqlite): (columns: readonly unknown[]) => AuditRow {
  const sql = `SELECT ${asBytes(auditColumns)} FROM audit_log WHERE seq = ?`;
  const bytesAt = database.prepare<[unknown], unknown[]>(sql).raw();
  const isDoubtful = (text: unknown) => typeof text === "string" && text.includes(replacementCharacter);
  return (columns) => {
    const doubtful = freeText.some((index) => isDoubtful(columns[index]));
    return auditRowOf((doubtful ? bytesAt.get(columns[0]) : undefined) ?? columns);
  };
}

const freeText = (["origin_id", "actor_zid", "payload_json", "proof_purpose"] as const).map((column) =>
  auditColumns.indexOf(column),
);
