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

/** What the vault says of a path of `/v1` and its versions, beside their values. */
export interface VaultPath {
  readonly path: string;
  readonly firstNumber: number;
  readonly isDeleted: boolean;
  /** In the order of their numbers. Of those that were deleted nobody keeps reads and state. */
  readonly versions: readonly VersionState[];
}

export interface VersionState {
  readonly number: number;
  /** Null for none. */
  readonly limit: number | null;
  readonly reads: number;
  readonly isDisabled: boolean;
}

/** What the database holds, seen from outside, without any code of the vault's store. */
export interface DatabaseView {
  /** In the order of `seq`. */
  rowsAfter(seq: number): Promise<readonly LogRow[]>;
  /** Ordered by name. */
  secrets(): Promise<readonly VaultSecret[]>;
  /** Ordered by path. */
  paths(): Promise<readonly VaultPath[]>;
  /** The ids of the policies with this pattern. */
  policies(pattern: string): Promise<readonly string[]>;
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
    async paths() {
      const newest = await query(
        `SELECT place, number, max_reads, reads_, is_disabled, first_number, is_deleted, older
         FROM vault_secret ORDER BY place`,
      );
      const older = await query("SELECT place, number, max_reads FROM vault_version ORDER BY place, number");
      return newest.map((row) => pathOf(row, older));
    },
    async policies(pattern) {
      return (await query(`SELECT id FROM policy WHERE pattern = '${pattern}'`)).map(([id]) => textOf(id));
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

function pathOf(row: readonly unknown[], older: readonly (readonly unknown[])[]): VaultPath {
  const [place, number, limit, reads, isDisabled, first, isDeleted, states] = row;
  const firstNumber = Number(first);
  const kept: readonly string[] = JSON.parse(textOf(states));
  const versions = older
    .filter((version) => textOf(version[0]) === textOf(place))
    .map(([, olderNumber, olderLimit]): VersionState => {
      const state = kept.find((entry) => entry.startsWith(`${olderNumber} `))?.split(" ") ?? [];
      return versionState(olderNumber, olderLimit, state[1] ?? 0, state[2] ?? 0);
    });
  return {
    path: textOf(place).slice(textOf(place).indexOf("/") + 1),
    firstNumber,
    isDeleted: Number(isDeleted) === 1,
    versions: [...versions, versionState(number, limit, reads, isDisabled)],
  };
}

function versionState(number: unknown, limit: unknown, reads: unknown, isDisabled: unknown): VersionState {
  return {
    number: Number(number),
    limit: limit === null ? null : Number(limit),
    reads: Number(reads),
    isDisabled: Number(isDisabled) === 1,
  };
}

function textOf(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString("utf8") : String(value);
}
