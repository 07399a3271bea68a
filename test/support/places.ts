import Database from "better-sqlite3";
import { Plaintext } from "../../src/base/plaintext.ts";
import type { Store } from "../../src/ledger/store.ts";
import type { AnyTable } from "../../src/ledger/table.ts";
import type { MysqlOptions } from "../../src/store/mysql/connection.ts";
import { openMysqlStore } from "../../src/store/mysql/store.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { tables } from "../../src/tables.ts";
import { freshMysqlUrl, freshSqliteUrl } from "./databases.ts";
import { queryText } from "./mysql-admin.ts";

/** One fresh database, and every way to it. */
export interface Place {
  /** Opens another store on it; all are closed with the place. */
  open(declared?: readonly AnyTable[]): Promise<Store>;
  /** Runs one statement beside the stores; what it answers, every value as text. */
  sql(statement: string): Promise<readonly (readonly string[])[]>;
  close(): Promise<void>;
}

type Open = (declared?: readonly AnyTable[]) => Promise<Store>;

/** `declared`: the tables that its stores know; the vault's own unless told otherwise. */
export type NewPlace = (declared?: readonly AnyTable[]) => Promise<Place>;

export async function sqlitePlace(declared = tables): Promise<Place> {
  const { url } = await freshSqliteUrl();
  const path = url.slice("sqlite:".length);
  return placeOf(
    async (others) => openSqliteStore(path, others ?? declared),
    async (statement) => sqliteText(path, statement),
  );
}

export async function mysqlPlace(declared = tables): Promise<Place> {
  const url = await freshMysqlUrl();
  return placeOf(
    (others) => openMysqlStore(mysqlOptionsOf(url), others ?? declared),
    (statement) => queryText(url, statement),
  );
}

export function mysqlOptionsOf(url: string): MysqlOptions {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    password: Plaintext.fromString(decodeURIComponent(password)),
    database: decodeURIComponent(pathname.slice(1)),
  };
}

export function sqliteText(path: string, statement: string): readonly (readonly string[])[] {
  const database = new Database(path);
  try {
    const prepared = database.prepare(statement);
    if (!prepared.reader) {
      prepared.run();
      return [];
    }
    return prepared
      .raw()
      .all()
      .map((row) => (Array.isArray(row) ? row.map(String) : []));
  } finally {
    database.close();
  }
}

function placeOf(open: Open, sql: Place["sql"]): Place {
  const stores: Store[] = [];
  return {
    async open(others) {
      const store = await open(others);
      stores.push(store);
      return store;
    },
    sql,
    async close() {
      await Promise.all(stores.map((store) => store.close()));
    },
  };
}
