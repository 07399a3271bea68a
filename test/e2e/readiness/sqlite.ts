import { execFileSync } from "node:child_process";
import { copyFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { until } from "../../support/until.ts";
import { newSecret } from "../support/secrets.ts";
import { openVault, type Vault } from "../support/vault.ts";

/** A file that is there, and takes no batch. */
export function onSqlite(): void {
  let vault: Vault;
  beforeEach(async () => {
    vault = await openVault();
  }, 60_000);
  afterEach(() => vault.close(), 60_000);

  const path = () => vault.databaseUrl.slice("sqlite:".length);
  const readyz = async () => {
    const { status, json } = await vault.sendBare("GET", "/readyz");
    return { status, json };
  };
  const set = async () => (await vault.send("POST", "/api/zsc/set", { body: { name: "n", value: "v" } })).status;
  const untilNotReady = () => until(async () => (await readyz()).status === 503);
  const untilReady = () => until(async () => (await readyz()).status === 200);
  /** Bytes that the server's process may have in a file. */
  const limitFiles = (bytes: string) =>
    execFileSync("prlimit", [`--pid=${vault.process.pid}`, `--fsize=${bytes}:unlimited`]);
  const full = {
    status: 503,
    json: { status: "unavailable", durable: false, detail: "the disk of the database is full" },
  };

  test("is not ready while its disk is full, although nobody has called yet", async () => {
    await untilReady();
    limitFiles("4096");
    await untilNotReady();
    expect(await readyz()).toEqual(full);
    expect(await set()).toBe(500);
    expect(await readyz()).toEqual(full);
    limitFiles("unlimited");
    await untilReady();
    expect(await set()).toBe(200);
    expect((await vault.verify()).code).toBe(0);
  });

  test("is not ready while another process holds its lock", async () => {
    await newSecret(vault);
    const rival = new Database(path());
    rival.exec("BEGIN IMMEDIATE");
    await untilNotReady();
    const detail = "the head of the log is locked by another session of the database";
    expect((await readyz()).json).toEqual({ status: "unavailable", durable: false, detail });
    rival.close();
    await untilReady();
    expect(await set()).toBe(200);
  });

  test.each<[string, () => void]>([
    ["removed", () => rmSync(path())],
    ["renamed", () => renameSync(path(), `${path()}.old`)],
    [
      "replaced by a copy of itself",
      () => {
        copyFileSync(path(), `${path()}.copy`);
        renameSync(`${path()}.copy`, path());
      },
    ],
    [
      "replaced by an empty file",
      () => {
        rmSync(path());
        writeFileSync(path(), "");
      },
    ],
    ["without its log", () => rmSync(`${path()}-wal`)],
    ["without its index of the log", () => rmSync(`${path()}-shm`)],
  ])("a file that is %s takes no calls, and /readyz says why", async (_how, change) => {
    await newSecret(vault);
    await untilReady();
    change();
    await until(async () => (await set()) === 500);
    const answer = await vault.send("POST", "/api/zsc/set", { body: { name: "n", value: "v" } });
    expect([answer.status, answer.receipt]).toEqual([500, undefined]);
    expect((await vault.send("GET", "/api/zsc/list")).status).toBe(500);
    const detail = "the database file was removed or replaced";
    expect(await readyz()).toEqual({ status: 503, json: { status: "unavailable", durable: false, detail } });
    expect((await vault.sendBare("GET", "/healthz")).status).toBe(200);
  });

  test("a file that is put back is taken up again, and nothing of it is lost", async () => {
    await newSecret(vault);
    renameSync(path(), `${path()}.old`);
    await untilNotReady();
    renameSync(`${path()}.old`, path());
    await untilReady();
    expect(await set()).toBe(200);
    expect((await vault.verify()).code).toBe(0);
  });
}
