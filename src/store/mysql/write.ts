import {
  type AnyRecord,
  type AuditRow,
  auditColumns,
  keyOf,
  keyText,
  type LedgerWrite,
  othersKeptZeqonds,
  StoreFailure,
  type TableWrite,
} from "../../ledger/index.ts";
import {
  columnOf,
  counterColumns,
  type DerivationSql,
  linkOrigins,
  maxForgotten,
  type OriginWrite,
} from "../sql/index.ts";
import type { Connection } from "./connection.ts";
import { bind, literal, tuple } from "./literals.ts";
import type { LastRows } from "./load.ts";
import { type MysqlTable, type MysqlTables, sqlOf } from "./tables.ts";

/** A statement with the minimum and maximum of rows that it must change; null: any number. */
interface Statement {
  /** ASCII, so that its length is its size. */
  readonly sql: string;
  readonly expected: readonly [number, number] | null;
}

/** Larger packets are not faster, and delay the server's other work. */
const largestPacketBytes = 2_097_152;

const oneRow = [1, 1] as const;

/**
 * Round trip of a batch: everything but the COMMIT. Answers what it leaves of its origins. Every count is checked, and the head moves by
 * compare-and-set: a rival's write in the middle of the packet may have rolled the transaction back without an error.
 */
export async function writeBatch(
  connection: Connection,
  tables: MysqlTables,
  write: LedgerWrite,
  lastRows: LastRows,
): Promise<readonly OriginWrite[]> {
  const packetBytes = Math.min(largestPacketBytes, connection.maxPacketBytes);
  const { statements, origins } = statementsOf(tables, write, lastRows, packetBytes);
  for (const packet of packets(statements, packetBytes)) {
    const results = await connection.run(packet.map((statement) => statement.sql));
    packet.forEach(({ expected }, index) => {
      const result = results[index];
      const affected = result !== undefined && "affectedRows" in result ? result.affectedRows : -1;
      if (expected !== null && (affected < expected[0] || affected > expected[1])) {
        throw new StoreFailure("conflict", `a write changed ${affected} rows where ${expected[0]} were to change`);
      }
    });
  }
  return origins;
}

function statementsOf(
  tables: MysqlTables,
  write: LedgerWrite,
  lastRows: LastRows,
  packetBytes: number,
): { readonly statements: readonly Statement[]; readonly origins: readonly OriginWrite[] } {
  const { from, to, nowZeqond } = write;
  const { before, origins } = linkOrigins(
    write,
    (table) => sqlOf(tables, table),
    (originId) => lastRows.get(originId) ?? originId,
  );
  const statements = [
    ...insertRows(write.rows, before, packetBytes),
    ...originStatements(origins),
    ...write.tables.flatMap((ofTable) => tableStatements(sqlOf(tables, ofTable.table), ofTable, nowZeqond)),
    { sql: bind(moveHead, [to.seq, to.rowHash, from.seq, from.rowHash]), expected: oneRow },
  ];
  return { statements, origins };
}

const moveHead = "UPDATE audit_head SET seq = ?, row_hash = ? WHERE id = 1 AND seq = ? AND row_hash = ?";

function tableStatements(sql: MysqlTable, write: TableWrite, nowZeqond: number): readonly Statement[] {
  const { deletes, inserts, updates } = write;
  return [
    ...deletes.map((record) => deleteStatement(sql, record)),
    ...inserts.map((written) => ({ sql: sql.insert + tuple(sql.values(written)), expected: oneRow })),
    ...updates.map((update) => ({
      sql: bind(sql.update, [...sql.values(update), ...sql.place(update.record, update.fromVersion)]),
      expected: oneRow,
    })),
    ...(sql.derivation === undefined ? [] : appendStatements(sql, sql.derivation, write, nowZeqond)),
  ];
}

function deleteStatement(sql: MysqlTable, record: AnyRecord): Statement {
  return { sql: bind(sql.remove, sql.place(record, sql.shape.versionOf(record))), expected: oneRow };
}

function originStatements(origins: readonly OriginWrite[]): readonly Statement[] {
  const counted = origins.filter(({ count }) => count !== undefined);
  const others = origins.filter(({ count }) => count === undefined);
  // MySQL counts a row that was inserted once, and one that was there and changed twice.
  const statement = (sql: string, rows: number): Statement => ({ sql, expected: [rows, 2 * rows] });
  return [
    ...(counted.length === 0 ? [] : [statement(putCounted(counted), counted.length)]),
    ...(others.length === 0 ? [] : [statement(putOrigins(others), others.length)]),
  ];
}

/** Sets the last rows of origins. */
export function putOrigins(origins: readonly OriginWrite[]): string {
  return `INSERT INTO audit_origin (origin_id, last_seq) VALUES ${origins
    .map(({ originId, lastSeq }) => tuple([originId, lastSeq]))
    .join(", ")} ON DUPLICATE KEY UPDATE last_seq = VALUES(last_seq)`;
}

const ofOrigin = ["last_seq", ...counterColumns];
const insertCounted = `INSERT INTO audit_origin (origin_id, ${ofOrigin.join(", ")}) VALUES `;
const replaceCounted = ` ON DUPLICATE KEY UPDATE ${ofOrigin.map((column) => `${column} = VALUES(${column})`).join(", ")}`;

/** Sets the last rows of origins, and the counters of their records. */
export function putCounted(origins: readonly OriginWrite[]): string {
  let sql = "";
  for (const { originId, lastSeq, count = 0, latest } of origins) {
    sql += `${sql === "" ? insertCounted : ", "}(${literal(originId)}, ${lastSeq}, ${literal(count)}, ${literal(latest)})`;
  }
  return sql + replaceCounted;
}

function appendStatements(
  sql: MysqlTable,
  { seq, zeqond, lookup, lookedAtZeqonds }: DerivationSql,
  { table, appends }: TableWrite,
  nowZeqond: number,
): readonly Statement[] {
  if (appends.length === 0) {
    return [];
  }
  const rows = appends.map((record) => tuple(sql.values({ record })));
  const fields = table.lookups[lookup] ?? [];
  const keys = new Map(appends.map((record) => [keyText(keyOf(fields, record)), keyOf(fields, record)]));
  const list = fields.length === 1 ? Array.from(keys.values(), ([value]) => value) : [...keys.values()];
  const columns = fields.map((field) => columnOf(table, field));
  const matches = columns.length === 1 ? `${columns[0]} IN (?)` : `(${columns.join(", ")}) IN (?)`;
  const old = nowZeqond - lookedAtZeqonds;
  const first = `SELECT ${seq} FROM ${table.name} ORDER BY ${seq} LIMIT ${maxForgotten * rows.length}`;
  return [
    { sql: sql.insert + rows.join(", "), expected: [rows.length, rows.length] },
    { sql: bind(`DELETE FROM ${table.name} WHERE ${matches} AND ${zeqond} <= ?`, [list, old]), expected: null },
    {
      sql: bind(`DELETE r FROM ${table.name} r JOIN (${first}) f ON f.${seq} = r.${seq} WHERE r.${zeqond} <= ?`, [
        old - othersKeptZeqonds,
      ]),
      expected: null,
    },
  ];
}

const insertAudit = `INSERT INTO audit_log (${auditColumns.join(", ")}, before_seq) VALUES `;

/**
 * One insert for all rows, or several when they would not fit into a packet.
 *
 * @param before for each row the one before it of its origin, or the origin itself where that was not loaded
 */
function insertRows(
  rows: readonly AuditRow[],
  before: readonly (number | string)[],
  packetBytes: number,
): readonly Statement[] {
  const statements: Statement[] = [];
  let sql = "";
  let count = 0;
  const flush = () => {
    if (count > 0) {
      statements.push({ sql, expected: [count, count] });
    }
    sql = "";
    count = 0;
  };
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] as AuditRow;
    const pointer = before[index] ?? row.originId;
    const values = `${auditTuple(row)}, ${typeof pointer === "number" ? pointer : lastRowOf(pointer)})`;
    if (sql.length + values.length + separator.length > packetBytes) {
      flush();
    }
    sql += (count === 0 ? insertAudit : ", ") + values;
    count += 1;
  }
  flush();
  return statements;
}

/** The values of a row in the order of `auditColumns`, without the parenthesis at the end. */
function auditTuple(row: AuditRow): string {
  const begin = `(${literal(row.seq)}, ${literal(row.id)}, ${literal(row.originId)}, ${literal(row.zeqondNumber)}, `;
  const what = `${literal(row.actorZid)}, ${literal(row.transitionType)}, ${literal(row.transitionId)}, `;
  const about = `${literal(row.payloadJson)}, ${literal(row.proofPurpose)}, ${literal(row.proofDigest)}, `;
  return `${begin}${what}${about}${literal(row.prevHash)}, ${literal(row.createdAt)}, ${literal(row.rowHash)}`;
}

function lastRowOf(originId: string): string {
  return `COALESCE((SELECT last_seq FROM audit_origin WHERE origin_id = ${literal(originId)}), 0)`;
}

const separator = "; ";

/** Statements in their order, in as few packets as the size allows: one, nearly always. */
function* packets(statements: readonly Statement[], packetBytes: number): Iterable<readonly Statement[]> {
  let packet: Statement[] = [];
  let bytes = 0;
  for (const statement of statements) {
    const size = statement.sql.length + separator.length;
    if (packet.length > 0 && bytes + size > packetBytes) {
      yield packet;
      packet = [];
      bytes = 0;
    }
    packet.push(statement);
    bytes += size;
  }
  yield packet;
}
