import { auditColumns } from "../../ledger/row.ts";
import { type LedgerWrite, StoreFailure } from "../../ledger/store.ts";
import { auditValues, secretColumns, secretValues } from "../columns.ts";
import type { Connection } from "./connection.ts";

/** One statement, and how many rows it must change: at least and at most; null where that says nothing. */
interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
  readonly expected: readonly [number, number] | null;
}

/** A packet stays below the smallest `max_allowed_packet` in the field, escaping included. */
const maxPacketBytes = 2_097_152;

/**
 * Second round trip of a batch: everything but the COMMIT. Every count is checked, and the head moves by
 * compare-and-set: a rival's write in the middle of the packet may have rolled the transaction back without an error.
 */
export async function writeBatch(connection: Connection, write: LedgerWrite): Promise<void> {
  for (const packet of packets(statementsOf(write))) {
    const statements = packet.map((statement) => statement.sql);
    const values = packet.flatMap((statement) => statement.values);
    const results = await connection.run(statements, values);
    packet.forEach(({ expected }, index) => {
      const result = results[index];
      const affected = result !== undefined && "affectedRows" in result ? result.affectedRows : -1;
      if (expected !== null && (affected < expected[0] || affected > expected[1])) {
        throw new StoreFailure("conflict", `a write changed ${affected} rows where ${expected[0]} were to change`);
      }
    });
  }
}

function statementsOf(write: LedgerWrite): readonly Statement[] {
  const { from, to, deletes, inserts, updates, reads, denials } = write;
  const counters = [
    ...inserts.map((secret) => [secret.id, secret.readCount, secret.lastReadZeqond]),
    ...reads.map((counter) => [counter.secretId, counter.readCount, counter.lastReadZeqond]),
  ];
  return [
    ...insertRows(write),
    ...deletes.flatMap(({ id, version }) => [
      { sql: "DELETE FROM secret WHERE id = ? AND version = ?", values: [id, version], expected: [1, 1] as const },
      { sql: "DELETE FROM read_counter WHERE secret_id = ?", values: [id], expected: null },
    ]),
    ...inserts.map((secret) => ({ sql: insertSecret, values: [secretValues(secret)], expected: [1, 1] as const })),
    ...updates.map(({ secret, fromVersion }) => ({
      sql: updateSecret,
      values: [...secretValues(secret), secret.id, fromVersion],
      expected: [1, 1] as const,
    })),
    ...(counters.length === 0 ? [] : [{ sql: putCounters, values: [counters], expected: countersExpected(write) }]),
    ...(denials.length === 0 ? [] : denialStatements(write)),
    {
      sql: "UPDATE audit_head SET seq = ?, row_hash = ? WHERE id = 1 AND seq = ? AND row_hash = ?",
      values: [to.seq, to.rowHash, from.seq, from.rowHash],
      expected: [1, 1] as const,
    },
  ];
}

const insertSecret = `INSERT INTO secret (${secretColumns.join(", ")}) VALUES (?)`;

const updateSecret = `UPDATE secret SET ${secretColumns.map((column) => `${column} = ?`).join(", ")}
  WHERE id = ? AND version = ?`;

const putCounters = `INSERT INTO read_counter (secret_id, read_count, last_read_zeqond) VALUES ?
  ON DUPLICATE KEY UPDATE read_count = VALUES(read_count), last_read_zeqond = VALUES(last_read_zeqond)`;

/** MySQL counts a row that was inserted once, and one that was there and changed twice. */
function countersExpected({ inserts, reads }: LedgerWrite): readonly [number, number] {
  return [inserts.length + reads.length, inserts.length + 2 * reads.length];
}

function denialStatements({ denials, forgetDenialsUntilZeqond }: LedgerWrite): readonly Statement[] {
  const zids = [...new Set(denials.map(({ zid }) => zid))];
  return [
    {
      sql: "INSERT INTO denial (seq, zid, zeqond) VALUES ?",
      values: [denials.map(({ seq, zid, zeqond }) => [seq, zid, zeqond])],
      expected: [denials.length, denials.length],
    },
    {
      sql: "DELETE FROM denial WHERE zid IN (?) AND zeqond <= ?",
      values: [zids, forgetDenialsUntilZeqond],
      expected: null,
    },
  ];
}

const insertAudit = `INSERT INTO audit_log (${auditColumns.join(", ")}) VALUES ?`;

/** One insert for all rows, or several when payloads are large. */
function insertRows({ rows }: LedgerWrite): readonly Statement[] {
  const statements: Statement[] = [];
  let chunk: unknown[][] = [];
  let bytes = 0;
  const flush = () => {
    if (chunk.length > 0) {
      statements.push({ sql: insertAudit, values: [chunk], expected: [chunk.length, chunk.length] });
    }
    chunk = [];
    bytes = 0;
  };
  for (const row of rows) {
    const size = row.payloadJson.length;
    if (bytes + size > maxPacketBytes / 4) {
      flush();
    }
    chunk.push(auditValues(row));
    bytes += size;
  }
  flush();
  return statements;
}

/** Statements in their order, in as few packets as the size allows: one, nearly always. */
function* packets(statements: readonly Statement[]): Iterable<readonly Statement[]> {
  let packet: Statement[] = [];
  let bytes = 0;
  for (const statement of statements) {
    const size = sizeOf(statement.values);
    if (packet.length > 0 && bytes + size > maxPacketBytes) {
      yield packet;
      packet = [];
      bytes = 0;
    }
    packet.push(statement);
    bytes += size;
  }
  yield packet;
}

/** Roughly the bytes on the wire: hex doubles binary values, and a character takes up to three bytes. */
function sizeOf(value: unknown): number {
  if (Array.isArray(value)) {
    return value.reduce((sum: number, entry) => sum + sizeOf(entry), 4);
  }
  if (typeof value === "string") {
    return 3 + 3 * value.length;
  }
  if (value instanceof Uint8Array) {
    return 5 + 2 * value.byteLength;
  }
  return 20;
}
