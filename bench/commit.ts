// The bare commit's process: a line in says where and for how long, a line out what one small INSERT and its COMMIT take.
import { createInterface } from "node:readline";
import Database from "better-sqlite3";
import { createConnection } from "mysql2/promise";
import { Recorder } from "./load/recorder.ts";

export interface Committing {
  /** `sqlite:path` or `mysql://…`. */
  readonly url: string;
  /** `alone`: a statement that commits itself. `pair`: an INSERT and a COMMIT, each on its own. */
  readonly how: "alone" | "pair";
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

interface Committer {
  commit(id: number): void | Promise<void>;
  close(): void | Promise<void>;
}

const table = "CREATE TABLE IF NOT EXISTS bare_commit (id BIGINT NOT NULL PRIMARY KEY, text VARCHAR(100) NOT NULL)";
const insertion = "INSERT INTO bare_commit (id, text) VALUES (?, ?)";
const text = "x".repeat(100);
// No id comes twice, from process to process: nothing commits a thousand times in a millisecond.
let nextId = Date.now() * 1_000;

for await (const line of createInterface({ input: process.stdin })) {
  // Written by the process that started this one.
  process.stdout.write(`${JSON.stringify(await measure(JSON.parse(line) as Committing))}\n`);
}

async function measure({ url, how, warmUpSeconds, seconds }: Committing) {
  const isSqlite = url.startsWith("sqlite:");
  const { commit, close } = isSqlite ? openSqlite(url.slice("sqlite:".length), how) : await openMysql(url, how);
  const recorder = new Recorder();
  const repeat = async (forSeconds: number) => {
    const until = performance.now() + 1_000 * forSeconds;
    while (performance.now() < until) {
      const began = performance.now();
      await commit(nextId++);
      recorder.answered(performance.now() - began);
    }
  };
  await repeat(warmUpSeconds);
  recorder.begin();
  await repeat(seconds);
  await close();
  return recorder.result();
}

function openSqlite(path: string, how: Committing["how"]): Committer {
  const database = new Database(path);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.exec(table);
  const insert = database.prepare(insertion);
  const begin = database.prepare("BEGIN IMMEDIATE");
  const end = database.prepare("COMMIT");
  return {
    commit(id) {
      if (how === "pair") begin.run();
      insert.run(id, text);
      if (how === "pair") end.run();
    },
    close: () => void database.close(),
  };
}

async function openMysql(uri: string, how: Committing["how"]): Promise<Committer> {
  const connection = await createConnection({ uri });
  await connection.query(`${table} ENGINE=InnoDB`);
  await connection.query(`SET autocommit = ${how === "alone" ? 1 : 0}`);
  return {
    async commit(id) {
      await connection.query(insertion, [id, text]);
      if (how === "pair") await connection.query("COMMIT");
    },
    close: () => connection.end(),
  };
}
