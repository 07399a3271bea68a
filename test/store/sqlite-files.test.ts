import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import type { Store } from "../../src/ledger/store.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { tables } from "../../src/tables.ts";
import { cleanUpDatabases, freshSqliteUrl } from "../support/databases.ts";
import {
  collect,
  dueSecrets,
  emptyHead,
  listSecrets,
  load,
  secretNamed,
  type WriteParts,
  write,
} from "../support/ledger.ts";
import { sqliteText } from "../support/places.ts";

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
    const store = openSqliteStore(path, tables);
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
    expect(() => openSqliteStore(wrong, tables)).toThrow(expect.objectContaining(refusal));
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
    const store = openSqliteStore(path, tables);
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
    const store = openSqliteStore(path, tables);
    const rival = new Database(path);
    rival.exec("BEGIN IMMEDIATE");
    await expect(write(store, () => ({}))).rejects.toMatchObject({ name: "StoreFailure", kind: "conflict" });
    expect(await listSecrets(store, null, 1, emptyHead)).toEqual([]);
    rival.exec("ROLLBACK");
    rival.close();
    expect((await write(store, () => ({}))).from).toEqual(emptyHead);
    await store.close();
  });

  describe("after a secret was deleted", () => {
    const marker = "canary-of-a-sealed-value";
    const secret = secretNamed("a", { sealedValue: Buffer.from(marker), permissions: [`permitted-${marker}`] });
    const holdsMarker = () => [path, `${path}-wal`].some((file) => readFileSync(file).includes(marker));

    test.each<[string, () => WriteParts]>([
      ["deleted", () => ({ deletes: [secret] })],
      ["deleted and made anew in one batch", () => ({ deletes: [secret], inserts: [secretNamed("a")] })],
    ])("holds nothing of one that was %s, its log included, while it is open", async (_how, parts) => {
      const store = openSqliteStore(path, tables);
      await write(store, () => ({ inserts: [secret] }));
      const changed = { ...secret, version: 2, sealedValue: Buffer.from(`${marker} again`) };
      await write(store, () => ({ updates: [{ secret: changed, fromVersion: 1 }] }));
      expect(holdsMarker()).toBe(true);
      const { deletes = [], ...rest } = parts();
      await write(store, () => ({ deletes: deletes.map((each) => ({ ...each, version: 2 })), ...rest }));
      expect(holdsMarker()).toBe(false);
      await write(store, () => ({}));
      await store.close();
    });

    test("holds nothing of it as soon as nobody reads what was before", async () => {
      const store = openSqliteStore(path, tables);
      await write(store, () => ({ inserts: [secret] }));
      const reader = new Database(path);
      reader.exec("BEGIN");
      expect(reader.prepare("SELECT COUNT(*) FROM secret").pluck().get()).toBe(1);
      await write(store, () => ({ deletes: [secret] }));
      expect(holdsMarker()).toBe(true);
      await write(store, () => ({}));
      reader.close();
      while (holdsMarker()) {
        await sleep(50);
      }
      await store.close();
    });
  });

  /** The file is looked at once a millisecond, and those beside it ten times a second. */
  const untilNoticed = async (store: Store) => {
    while (await store.ping().then(Boolean, () => false)) {
      await sleep(1);
    }
  };

  test.each<[string, () => void]>([
    ["removed", () => rmSync(path)],
    ["replaced", () => renameSync(`${path}.other`, path)],
    ["without its log", () => rmSync(`${path}-wal`)],
    ["without its index", () => rmSync(`${path}-shm`)],
    ["in a folder of another name", () => renameSync(join(dir, "vault"), join(dir, "moved"))],
  ])("that is %s answers nothing as long as it is so", async (_how, change) => {
    const store = openSqliteStore(path, tables);
    const { to } = await write(store, () => ({}));
    copyFileSync(path, `${path}.other`);
    change();
    const moved = { name: "StoreFailure", kind: "unavailable", trouble: "moved" };
    await untilNoticed(store);
    for (const work of [
      () => write(store, () => ({})),
      () => store.ping(),
      () => store.rehearse(false),
      () => store.keyChecks(),
    ]) {
      await expect(work()).rejects.toMatchObject(moved);
    }
    await expect(dueSecrets(store, 0, null, 1)).rejects.toMatchObject(moved);
    await store.close();
    expect(to.seq).toBe(1);
  });

  const other = () => join(dir, "other.db");
  const overwriting: readonly [string, () => void][] = [
    ["another vault is copied over it", () => copyFileSync(other(), path)],
    ["an older copy of itself is copied over it", () => copyFileSync(`${path}.older`, path)],
    ["it is emptied", () => truncateSync(path)],
    ["something else is written over it", () => writeFileSync(path, Buffer.alloc(65_536, "x"))],
    ["it is overwritten in place", () => writeFileSync(path, readFileSync(other()), { flag: "r+" })],
  ];

  test.each(overwriting)("takes no batch any more once %s while it is open", async (_how, overwrite) => {
    const stranger = openSqliteStore(other(), tables);
    for (let row = 0; row < 9; row++) {
      await write(stranger, () => ({}));
    }
    await stranger.close();
    const first = openSqliteStore(path, tables);
    await write(first, () => ({ inserts: [secretNamed("a")] }));
    await first.close();
    copyFileSync(path, `${path}.older`);
    const store = openSqliteStore(path, tables);
    await write(store, () => ({}));
    sqliteText(path, "PRAGMA wal_checkpoint(TRUNCATE)");
    await write(store, () => ({}));
    // The times of files are as coarse as the ticks of the clock.
    await sleep(20);
    overwrite();
    await sleep(2);
    const moved = { name: "StoreFailure", kind: "unavailable", trouble: "moved" };
    for (let tries = 0; tries < 3; tries++) {
      await expect(write(store, () => ({}))).rejects.toMatchObject(moved);
      await expect(store.ping()).rejects.toMatchObject(moved);
      await sleep(2);
    }
    await store.close();
  });

  test("takes batches while other programs checkpoint and vacuum it", async () => {
    const store = openSqliteStore(path, tables);
    const checkpoints = spawn(process.execPath, [
      "-e",
      `const database = require("better-sqlite3")(${JSON.stringify(path)}, { timeout: 5000 });
       for (let count = 0; ; count++) {
         try { database.pragma("wal_checkpoint(" + ["PASSIVE", "FULL", "TRUNCATE"][count % 3] + ")"); } catch {}
         if (count % 50 === 49) { try { database.exec("VACUUM"); } catch {} }
       }`,
    ]);
    const sealedValue = Buffer.alloc(20_000, "v");
    for (let number = 0; number < 400; ) {
      try {
        await write(store, () => ({ inserts: [secretNamed(`${number}`, { sealedValue })] }));
        number += 1;
      } catch (error) {
        expect(error).toMatchObject({ kind: "conflict" });
        await sleep(1);
      }
    }
    checkpoints.kill("SIGKILL");
    await store.close();
  }, 60_000);

  test("may be reached through a link, until that leads elsewhere", async () => {
    const link = join(dir, "link.db");
    await openSqliteStore(path, tables).close();
    symlinkSync(path, link);
    const store = openSqliteStore(link, tables);
    await write(store, () => ({}));
    rmSync(link);
    symlinkSync(join(dir, "elsewhere.db"), link);
    await untilNoticed(store);
    await expect(write(store, () => ({}))).rejects.toMatchObject({ trouble: "moved" });
    rmSync(link);
    symlinkSync(path, link);
    expect((await write(store, () => ({}))).to.seq).toBe(2);
    await store.close();
  });

  test("holds nothing of a deleted secret once it is closed", async () => {
    const store = openSqliteStore(path, tables);
    const marker = "canary-of-a-sealed-value";
    const secret = secretNamed("a", { sealedValue: Buffer.from(marker), permissions: [`permitted-${marker}`] });
    await write(store, () => ({ inserts: [secret] }));
    await write(store, () => ({ deletes: [secret] }));
    expect((await load(store, { secrets: ["a"] })).secrets.size).toBe(0);
    await store.close();
    expect(readFileSync(path).includes(marker)).toBe(false);
  });
});
