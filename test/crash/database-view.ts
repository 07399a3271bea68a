import { hash } from "node:crypto";
import Database from "better-sqlite3";
import type { Connection } from "mysql2/promise";
import { auditColumns } from "../../src/ledger/row.ts";
import { withConnection } from "../support/mysql-admin.ts";

/** A row of `audit_log`, every column as text. */
export type LogRow = Readonly<Record<(typeof auditColumns)[number], string>>;

/** What the vault says of a secret, beside its value. */
export interface VaultSecret {
  readonly name: string;
  readonly boundZid: string;
  readonly permissions: readonly string[];
  readonly purposeTag: string;
  readonly version: number;
  readonly readCount: number;
  readonly lastReadZeqond: number | null;
}

/** What the database holds, seen from outside, without any code of the vault's store. */
export interface DatabaseView {
  /** In the order of `seq`. */
  rowsAfter(seq: number): Promise<readonly LogRow[]>;
  /** Ordered by name. */
  secrets(): Promise<readonly VaultSecret[]>;
  /** `<seq>.<row_hash>`. */
  head(): Promise<string>;
  /** How many rows the log has, and a digest over their hashes. */
  digest(): Promise<string>;
}

type Query = (sql: string) => Promise<readonly (readonly unknown[])[]>;

export function sqliteView(path: string): DatabaseView {
  return viewOf("'zsc:' || s.name", async (sql) => {
    const database = new Database(path, { readonly: true });
    try {
      return database.prepare<[], unknown[]>(sql).raw().all();
    } finally {
      database.close();
    }
  });
}

/** @param session statements before every look */
export function mysqlView(url: string, session: readonly string[] = []): DatabaseView {
  return viewOf("CONCAT('zsc:', s.name)", (sql) =>
    withConnection(url, async (connection: Connection) => {
      for (const statement of session) {
        await connection.query(statement);
      }
      const [rows] = await connection.query({ sql, rowsAsArray: true });
      return Array.isArray(rows) ? (rows as unknown[][]) : [];
    }),
  );
}

/** @param originOfName SQL of the origin of a secret `s` */
function viewOf(originOfName: string, query: Query): DatabaseView {
  return {
    async rowsAfter(seq) {
      const rows = await query(`SELECT ${auditColumns.join(", ")} FROM audit_log WHERE seq > ${seq} ORDER BY seq`);
      return rows.map(
        (row) => Object.fromEntries(auditColumns.map((column, index) => [column, textOf(row[index])])) as LogRow,
      );
    },
    async secrets() {
      const rows = await query(
        `SELECT s.name, s.bound_zid, s.permissions, s.purpose_tag, s.version, o.read_count, o.last_read_zeqond
         FROM secret s LEFT JOIN audit_origin o ON o.origin_id = ${originOfName} ORDER BY s.name`,
      );
      return rows.map(secretOf);
    },
    async head() {
      const [row = []] = await query("SELECT seq, row_hash FROM audit_head WHERE id = 1");
      return row.map(textOf).join(".");
    },
    async digest() {
      const rows = await query("SELECT row_hash FROM audit_log ORDER BY seq");
      return `${rows.length} ${hash("sha256", rows.map(([rowHash]) => textOf(rowHash)).join(""))}`;
    },
  };
}

function secretOf(row: readonly unknown[]): VaultSecret {
  const [name, boundZid, permissions, purposeTag, version, readCount, lastRead] = row;
  return {
    name: textOf(name),
    boundZid: textOf(boundZid),
    permissions: JSON.parse(textOf(permissions)),
    purposeTag: textOf(purposeTag),
    version: Number(version),
    readCount: Number(readCount ?? Number.NaN),
    lastReadZeqond: lastRead === null || lastRead === undefined ? null : Number(lastRead),
  };
}

function textOf(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString("utf8") : String(value);
}
