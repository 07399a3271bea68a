import { dirname } from "node:path";
import { cleanUpDatabases, freshSqliteUrl } from "../support/databases.ts";
import { type MariaDb, openMariaDb } from "../support/mariadb.ts";
import { queryText } from "../support/mysql-admin.ts";
import { until } from "../support/until.ts";
import { callEverything, canaries, type Heard, hear } from "./canary/calls.ts";
import { argumentsOf, filesBelow, findLeaks, type Marker, markerOf, type Place, placeOf } from "./support/leaks.ts";
import { closeVaults, openVault, type Vault } from "./support/vault.ts";

// Processes begin and end here, on a machine that may have other things to do.
jest.setTimeout(90_000);

interface Scene {
  readonly databaseUrl: string;
  /** The database's own files. */
  files(): Promise<readonly Place[]>;
  /** Takes the database away and brings it back, where it is a server. */
  interrupt(work: () => Promise<void>): Promise<void>;
  readonly pid?: number | undefined;
  close(): Promise<void>;
}

async function sqliteScene(): Promise<Scene> {
  const { url, dir } = await freshSqliteUrl();
  return {
    databaseUrl: url,
    files: async () => filesBelow(dir),
    interrupt: (work) => work(),
    close: cleanUpDatabases,
  };
}

async function mariadbScene(): Promise<Scene> {
  // With a binary log in rows and a small redo log: both are searched.
  const args = [
    "--log-bin=binlog",
    "--binlog-format=ROW",
    "--innodb-log-file-size=8M",
    "--innodb-data-file-path=ibdata1:12M:autoextend",
  ];
  const server: MariaDb = await openMariaDb({ args });
  const databaseUrl = await server.createDatabase();
  const [[dataDir = ""] = []] = await queryText(server.url(), "SELECT @@datadir");
  return {
    databaseUrl,
    get pid() {
      return server.pid;
    },
    files: async () => filesBelow(dirname(`${dataDir}/.`)),
    async interrupt(work) {
      await server.kill();
      await work();
      await server.start();
    },
    close: () => server.dispose(),
  };
}

describe.each([
  ["SQLite", sqliteScene],
  ["MariaDB", mariadbScene],
])("what is secret stays secret, on %s", (_database, openScene) => {
  let scene: Scene;
  let vault: Vault;
  let heard: readonly Heard[];
  let secrets: readonly Marker[];
  let output = "";

  beforeAll(async () => {
    scene = await openScene();
    const keys = { masterKey: canaries.masterKey, jwtSecret: canaries.jwtSecret };
    vault = await openVault({ databaseUrl: scene.databaseUrl, keys, env: { ZSC_LOG_LEVEL: "trace" } });
    const calls = hear(vault);
    await callEverything(calls);
    await scene.interrupt(() => calls.everyEndpoint("database away"));
    await until(async () => (await vault.sendBare("GET", "/readyz")).status === 200);
    // The daemon opens and seals what is due as soon as it starts.
    await calls.set({ name: "due", value: canaries.value, expiresZeqond: 0 });
    output += vault.process.stdout() + vault.process.stderr();
    await vault.restart();
    await vault.process.logged("secrets rotated");
    await callEverything(calls);
    output += vault.process.stdout() + vault.process.stderr();
    heard = calls.heard();
    secrets = [...canaries.secrets, ...calls.tokens().map((token) => markerOf("a token", token.split(".")[2] ?? ""))];
  }, 180_000);
  afterAll(async () => {
    await closeVaults();
    await scene.close();
  }, 60_000);

  test("the calls were heard, and the plaintext came back where it should", () => {
    expect(heard.length).toBeGreaterThan(100);
    const read = heard.filter(({ value }) => value === canaries.value);
    expect(read.length).toBeGreaterThanOrEqual(4);
    const statuses = new Set(heard.map(({ status }) => status));
    for (const status of [200, 400, 401, 403, 404, 405, 413, 500]) {
      expect([...statuses]).toContain(status);
    }
  });

  test("no answer and no header holds a secret, but for the value of a read", () => {
    const places = heard.map(({ what, text }) => placeOf(what, text));
    expect(findLeaks(secrets, places)).toEqual([]);
  });

  test("no line of the log holds a secret, not even at the level of trace", () => {
    expect(output.length).toBeGreaterThan(10_000);
    expect(findLeaks(secrets, [placeOf("the log", output)])).toEqual([]);
    expect(
      findLeaks(
        [markerOf("the password", new URL(scene.databaseUrl).password || "none at all")],
        [placeOf("the log", output)],
      ),
    ).toEqual([]);
  });

  test("no file of the database holds a secret, and what is no secret is found there", async () => {
    const files = await scene.files();
    expect(findLeaks(secrets, files)).toEqual([]);
    const visible = findLeaks([markerOf("the tag", canaries.tag)], files);
    expect(visible.some((found) => found.startsWith("the tag in "))).toBe(true);
  }, 120_000);

  test("no argument of a process holds a secret", () => {
    const pids = [vault.process.pid, ...(scene.pid === undefined ? [] : [scene.pid])];
    const password = new URL(scene.databaseUrl).password;
    const all = password === "" ? secrets : [...secrets, markerOf("the password", password)];
    expect(findLeaks(all, pids.map(argumentsOf))).toEqual([]);
  });

  test("the search itself finds each form of a secret", () => {
    const value = canaries.value;
    const forms = [
      value,
      Buffer.from(value).toString("hex"),
      Buffer.from(`x${value}`).toString("base64"),
      Buffer.from(`xy${value}`).toString("base64url"),
      encodeURIComponent(value),
      JSON.stringify({ value }),
    ];
    for (const form of forms) {
      expect(findLeaks(secrets, [placeOf("here", `before ${form} after`)])).not.toEqual([]);
    }
  });
});
