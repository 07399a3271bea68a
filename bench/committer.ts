import Database from "better-sqlite3";
import { createConnection } from "mysql2/promise";

/** `alone`: a statement that commits itself. `pair`: an INSERT and a COMMIT, each on its own. */
export type How = "alone" | "pair";

/** The bare commit: one small row, durable when it resolves. */
export interface Committer {
  commit(): void | Promise<void>;
  close(): void | Promise<void>;
}

const table = "CREATE TABLE IF NOT EXISTS bare_commit (id BIGINT NOT NULL PRIMARY KEY, text VARCHAR(100) NOT NULL)";
const insertion = "INSERT INTO bare_commit (id, text) VALUES (?, ?)";
const text = "x".repeat(100);
// No id comes twice, from process to process: nothing commits a thousand times in a millisecond.
let nextId = Date.now() * 1_000;

/** @param url `sqlite:path` or `mysql://…` */
export async function openCommitter(url: string, how: How): Promise<Committer> {
  return url.startsWith("sqlite:") ? openSqlite(url.slice("sqlite:".length), how) : await openMysql(url, how);
}

function openSqlite(path: string, how: How): Committer {
  const database = new Database(path);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.exec(table);
  const insert = database.prepare(insertion);
  const begin = database.prepare("BEGIN IMMEDIATE");
  const end = database.prepare("COMMIT");
  return {
    commit() {
      if (how === "pair") {
        begin.run();
      }
      insert.run(nextId++, text);
      if (how === "pair") {
        end.run();
      }
    },
    close: () => void database.close(),
  };
}

async function openMysql(uri: string, how: How): Promise<Committer> {
  const connection = await createConnection({ uri });
  await connection.query(`${table} ENGINE=InnoDB`);
  await connection.query(`SET autocommit = ${how === "alone" ? 1 : 0}`);
  return {
    async commit() {
      await connection.query(insertion, [nextId++, text]);
      if (how === "pair") {
        await connection.query("COMMIT");
      }
    },
    close: () => connection.end(),
  };
}
