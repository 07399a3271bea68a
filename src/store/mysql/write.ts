import { auditColumns } from "../../ledger/row.ts";
import { type LedgerWrite, StoreFailure } from "../../ledger/store.ts";
import { auditValues, secretColumns, secretValues } from "../columns.ts";
import type { Connection } from "./connection.ts";
import { bind, tuple } from "./literals.ts";

/** One statement, and how many rows it must change: at least and at most; null where that says nothing. */
interface Statement {
  /** ASCII, so that its length is its size. */
  readonly sql: string;
  readonly expected: readonly [number, number] | null;
}

/** Larger packets are not faster, and hold up the server's other work. */
const largestPacketBytes = 2_097_152;

const oneRow = [1, 1] as const;

/**
 * Second round trip of a batch: everything but the COMMIT. Every count is checked, and the head moves by
 * compare-and-set: a rival's write in the middle of the packet may have rolled the transaction back without an error.
 */
export async function writeBatch(connection: Connection, write: LedgerWrite): Promise<void> {
  const packetBytes = Math.min(largestPacketBytes, connection.maxPacketBytes);
  for (const packet of packets(statementsOf(write, packetBytes), packetBytes)) {
    const results = await connection.run(packet.map((statement) => statement.sql));
    packet.forEach(({ expected }, index) => {
      const result = results[index];
      const affected = result !== undefined && "affectedRows" in result ? result.affectedRows : -1;
      if (expected !== null && (affected < expected[0] || affected > expected[1])) {
        throw new StoreFailure("conflict", `a write changed ${affected} rows where ${expected[0]} were to change`);
      }
    });
  }
}

function statementsOf(write: LedgerWrite, packetBytes: number): readonly Statement[] {
  const { from, to, deletes, inserts, updates, reads, denials } = write;
  const counters = [
    ...inserts.map((secret) => tuple([secret.id, secret.readCount, secret.lastReadZeqond])),
    ...reads.map((counter) => tuple([counter.secretId, counter.readCount, counter.lastReadZeqond])),
  ];
  return [
    ...insertRows(write, packetBytes),
    ...deletes.flatMap(({ id, version }) => [
      { sql: bind("DELETE FROM secret WHERE id = ? AND version = ?", [id, version]), expected: oneRow },
      { sql: bind("DELETE FROM read_counter WHERE secret_id = ?", [id]), expected: null },
    ]),
    ...inserts.map((secret) => ({ sql: insertSecret + tuple(secretValues(secret)), expected: oneRow })),
    ...updates.map(({ secret, fromVersion }) => ({
      sql: bind(updateSecret, [...secretValues(secret), secret.id, fromVersion]),
      expected: oneRow,
    })),
    ...(counters.length === 0 ? [] : [{ sql: putCounters(counters), expected: countersExpected(write) }]),
    ...(denials.length === 0 ? [] : denialStatements(write)),
    { sql: bind(moveHead, [to.seq, to.rowHash, from.seq, from.rowHash]), expected: oneRow },
  ];
}

const moveHead = "UPDATE audit_head SET seq = ?, row_hash = ? WHERE id = 1 AND seq = ? AND row_hash = ?";

const insertSecret = `INSERT INTO secret (${secretColumns.join(", ")}) VALUES `;

const updateSecret = `UPDATE secret SET ${secretColumns.map((column) => `${column} = ?`).join(", ")}
  WHERE id = ? AND version = ?`;

function putCounters(counters: readonly string[]): string {
  return `INSERT INTO read_counter (secret_id, read_count, last_read_zeqond) VALUES ${counters.join(", ")}
    ON DUPLICATE KEY UPDATE read_count = VALUES(read_count), last_read_zeqond = VALUES(last_read_zeqond)`;
}

/** MySQL counts a row that was inserted once, and one that was there and changed twice. */
function countersExpected({ inserts, reads }: LedgerWrite): readonly [number, number] {
  return [inserts.length + reads.length, inserts.length + 2 * reads.length];
}

function denialStatements({ denials, forgetDenialsUntilZeqond }: LedgerWrite): readonly Statement[] {
  const zids = [...new Set(denials.map(({ zid }) => zid))];
  const rows = denials.map(({ seq, zid, zeqond }) => tuple([seq, zid, zeqond]));
  return [
    {
      sql: `INSERT INTO denial (seq, zid, zeqond) VALUES ${rows.join(", ")}`,
      expected: [denials.length, denials.length],
    },
    {
      sql: bind("DELETE FROM denial WHERE zid IN (?) AND zeqond <= ?", [zids, forgetDenialsUntilZeqond]),
      expected: null,
    },
  ];
}

const insertAudit = `INSERT INTO audit_log (${auditColumns.join(", ")}) VALUES `;

/** One insert for all rows, or several when they would not fit into a packet. */
function insertRows({ rows }: LedgerWrite, packetBytes: number): readonly Statement[] {
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
  for (const row of rows) {
    const values = tuple(auditValues(row));
    if (sql.length + values.length + separator.length > packetBytes) {
      flush();
    }
    sql += (count === 0 ? insertAudit : ", ") + values;
    count += 1;
  }
  flush();
  return statements;
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
