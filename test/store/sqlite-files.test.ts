import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { cleanUpDatabases, freshSqliteUrl } from "../support/databases.ts";
import { collect, emptyHead, load, secretNamed, write } from "../support/ledger.ts";

afterAll(cleanUpDatabases);

const writer = join(__dirname, "sqlite-writer.ts");

describe("the file of a SQLite store", () => {
  let dir: string;
  let path: string;

  beforeEach(async () => {
    ({ dir } = await freshSqliteUrl());
    path = join(dir, "vault", "zsc.db");
  });

  const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

  test("is for its owner only, with its folder and all beside it", async () => {
    const store = openSqliteStore(path);
    await write(store, () => ({}));
    expect(mode(join(dir, "vault"))).toBe("700");
    expect([path, `${path}-wal`, `${path}-shm`].map(mode)).toEqual(["600", "600", "600"]);
    await store.close();
  });

  test.each<[string, string, () => string]>([
    [
      "a folder",
      "it is a folder (EISDIR)",
      () => {
        mkdirSync(path, { recursive: true });
        return path;
      },
    ],
    [
      "below a file",
      "a part of its path is no folder (E",
      () => {
        writeFileSync(join(dir, "file"), "");
        return join(dir, "file", "zsc.db");
      },
    ],
    [
      "no database",
      "the file is no SQLite database, or is damaged (SQLITE_NOTADB)",
      () => {
        writeFileSync(join(dir, "text.db"), "this is not a database, and long enough to see".repeat(100));
        return join(dir, "text.db");
      },
    ],
  ])("is refused with its path, and the reason, when it is %s", (_what, reason, makePath) => {
    const wrong = makePath();
    const refusal = {
      name: "OperatorError",
      message: expect.stringContaining(`The SQLite database ${wrong} cannot be opened: ${reason}`),
    };
    expect(() => openSqliteStore(wrong)).toThrow(expect.objectContaining(refusal));
  });

  test("may be opened by several processes at once, which write one chain", async () => {
    const [writers, batches] = [3, 50];
    const processes = Array.from({ length: writers }, () =>
      spawn(process.execPath, [writer, path, String(batches)], { stdio: ["pipe", "pipe", "inherit"] }),
    );
    const said = processes.map(() => "");
    for (const [index, { stdout }] of processes.entries()) {
      stdout.on("data", (data) => (said[index] += data));
    }
    await Promise.all(processes.map(({ stdout }) => once(stdout, "data")));
    const ends = processes.map((server) => once(server, "close"));
    for (const { stdin } of processes) {
      stdin.end("go");
    }
    expect(await Promise.all(ends)).toEqual(Array(writers).fill([0, null]));
    expect(new Set(said).size).toBe(1);
    expect(processes.map(({ pid }) => `ready\n${pid}\n`)).toContain(said[0]);
    const store = openSqliteStore(path);
    const snapshot = await store.openSnapshot();
    const rows = await collect(snapshot.rows());
    expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: writers * batches * 2 }, (_, index) => index + 1));
    rows.slice(1).forEach((row, index) => {
      expect(row.prevHash).toBe(rows[index]?.rowHash);
    });
    await snapshot.close();
    await store.close();
  });

  test("may be opened while another process is making it a write-ahead log", async () => {
    mkdirSync(join(dir, "vault"));
    const rival = new Database(path);
    rival.exec("BEGIN IMMEDIATE");
    const server = spawn(process.execPath, [writer, path, "1"], { stdio: ["pipe", "pipe", "inherit"] });
    await once(server.stdout, "data");
    const end = once(server, "close");
    server.stdin.end("go");
    await sleep(200);
    rival.exec("ROLLBACK");
    rival.close();
    expect(await end).toEqual([0, null]);
  });

  test("that another writer has locked is a conflict at once, and usable afterwards", async () => {
    const store = openSqliteStore(path);
    const rival = new Database(path);
    rival.exec("BEGIN IMMEDIATE");
    await expect(write(store, () => ({}))).rejects.toMatchObject({ name: "StoreFailure", kind: "conflict" });
    expect(await store.listSecrets(null, 1, emptyHead)).toEqual([]);
    rival.exec("ROLLBACK");
    rival.close();
    expect((await write(store, () => ({}))).from).toEqual(emptyHead);
    await store.close();
  });

  test("holds nothing of a deleted secret once it is closed", async () => {
    const store = openSqliteStore(path);
    const marker = "canary-of-a-sealed-value";
    const secret = secretNamed("a", { sealedValue: Buffer.from(marker), permissions: [`permitted-${marker}`] });
    await write(store, () => ({ inserts: [secret] }));
    await write(store, () => ({ deletes: [secret] }));
    expect((await load(store, { secrets: ["a"] })).secrets.size).toBe(0);
    await store.close();
    expect(readFileSync(path).includes(marker)).toBe(false);
  });
});
