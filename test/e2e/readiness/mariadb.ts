import { createConnection } from "mysql2/promise";
import { Health, HealthCheckResponse_ServingStatus as Status } from "#gen/grpc/health/v1/health_pb.js";
import { type CommitFate, openFaultProxy } from "../../support/fault-proxy.ts";
import { type MariaDb, openMariaDb } from "../../support/mariadb.ts";
import { queryText } from "../../support/mysql-admin.ts";
import { until } from "../../support/until.ts";
import { holdHead } from "../support/head-lock.ts";
import { type RpcClient, rpcClients } from "../support/rpc-clients.ts";
import { newSecret, setSecret } from "../support/secrets.ts";
import { openVault, type Vault } from "../support/vault.ts";

const rights = {
  audit_log: "SELECT, INSERT",
  audit_head: "SELECT, UPDATE",
  secret: "SELECT, INSERT, UPDATE, DELETE",
  audit_origin: "SELECT, INSERT, UPDATE",
  denial: "SELECT, INSERT, DELETE",
};

/** Of the vault API: not every one of these is tried. */
const further = {
  ...{ keyed_answer: "SELECT, INSERT, DELETE", revoked_token: "SELECT, INSERT, DELETE" },
  ...{ failure_of_account: "SELECT, INSERT, DELETE", failure_of_network: "SELECT, INSERT, DELETE" },
  ...{ vault_version: "SELECT, INSERT, DELETE" },
  ...Object.fromEntries(
    ["organisation", "person", "api_key", "vault", "vault_secret", "policy"].map((table) => {
      return [table, "SELECT, INSERT, UPDATE, DELETE"];
    }),
  ),
};

/** A database that answers, and takes no batch. */
export function onMariaDb(): void {
  let database: MariaDb;
  let vault: Vault;
  let client: RpcClient;
  let place = "";
  const account = "'narrow'@'127.0.0.1'";
  const asRoot = (sql: string) => queryText(database.url(), sql);

  beforeAll(async () => {
    database = await openMariaDb();
    const url = new URL(await database.createDatabase());
    place = url.pathname.slice(1);
    vault = await openVault({ databaseUrl: url.href });
    await vault.process.end();
    // An account that has no right beyond those that the server needs: not even read_only would stop an administrator.
    await asRoot(`CREATE USER ${account} IDENTIFIED BY 'narrow'`);
    await asRoot(`GRANT CREATE, ALTER, INDEX, DROP ON ${place}.* TO ${account}`);
    for (const table of ["key_check", "schema_version"]) {
      await asRoot(`GRANT SELECT, INSERT, UPDATE ON ${place}.${table} TO ${account}`);
    }
    await asRoot(`GRANT INSERT ON ${place}.audit_head TO ${account}`);
    for (const [table, some] of Object.entries({ ...rights, ...further })) {
      await asRoot(`GRANT ${some} ON ${place}.${table} TO ${account}`);
    }
    Object.assign(url, { username: "narrow", password: "narrow" });
    vault = await openVault({ databaseUrl: url.href, keys: vault });
    const [, open] = rpcClients[0] ?? [];
    if (open === undefined) {
      throw new Error("no client");
    }
    client = open(vault);
  }, 120_000);
  afterAll(async () => {
    client.close();
    await vault.close();
    await database.dispose();
  }, 60_000);

  const readyz = async () => {
    const { status, json } = await vault.sendBare("GET", "/readyz");
    return { status, json };
  };
  const serving = async () => (await client.call(Health.method.check, { service: "" })).message?.status;

  /** Not ready while `begin` has its way, and ready once `end` has ended it. */
  async function expectTruth(begin: () => Promise<unknown>, end: () => Promise<unknown>, detail: string) {
    await until(async () => (await readyz()).status === 200);
    await begin();
    try {
      await until(async () => (await readyz()).status === 503);
      expect((await readyz()).json).toEqual({ status: "unavailable", durable: false, detail });
      expect(await serving()).toBe(Status.NOT_SERVING);
    } finally {
      await end();
    }
    await until(async () => (await readyz()).status === 200);
    expect(await serving()).toBe(Status.SERVING);
    await newSecret(vault);
  }

  test("that is whole is ready, with no right beyond those that a batch needs", async () => {
    await newSecret(vault);
    expect(await readyz()).toEqual({ status: 200, json: { status: "ready", durable: true } });
  });

  const single = Object.entries(rights).flatMap(([table, some]) =>
    some.split(", ").map((right) => [right, table] as const),
  );
  test.each(single)("is not ready without the right to %s on %s", (right, table) =>
    expectTruth(
      () => asRoot(`REVOKE ${right} ON ${place}.${table} FROM ${account}`),
      () => asRoot(`GRANT ${right} ON ${place}.${table} TO ${account}`),
      "the database denies the server a right that it needs",
    ),
  );

  test("is not ready while it is read-only", () =>
    expectTruth(
      () => asRoot("SET GLOBAL read_only = 1"),
      () => asRoot("SET GLOBAL read_only = 0"),
      "the database is read-only",
    ));

  test("is not ready while another session holds the head", async () => {
    let release = async () => {};
    await expectTruth(
      async () => {
        release = await holdHead({ ...vault, databaseUrl: database.url(place) });
      },
      () => release(),
      "the head of the log is locked by another session of the database",
    );
  });

  test.each(["FLUSH TABLES WITH READ LOCK", "LOCK TABLES audit_log READ", "LOCK TABLES secret READ"])(
    "is not ready while another session has said %s",
    async (statement) => {
      const rival = await createConnection({ uri: database.url(place) });
      await expectTruth(
        () => rival.query(statement),
        () => rival.end(),
        "the head of the log is locked by another session of the database",
      );
    },
  );

  test("is not ready while a batch is stuck, and says so without waiting", async () => {
    const release = await holdHead({ ...vault, databaseUrl: database.url(place) });
    const stuck = newSecret(vault);
    const slow = "the database has been at one batch for more than two seconds";
    try {
      await until(async () => (await vault.sendBare("GET", "/readyz")).text.includes(slow));
    } finally {
      await release();
      await stuck;
    }
    await until(async () => (await readyz()).status === 200);
  });

  test("disturbs nobody: whoever asks, rehearsals are a second apart, and none leaves a trace", async () => {
    const rollbacks = async () => Number((await asRoot("SHOW GLOBAL STATUS LIKE 'Com_rollback'"))[0]?.[1]);
    const before = await rollbacks();
    const startedMs = performance.now();
    const answers = await Promise.all(Array.from({ length: 200 }, readyz));
    for (let asked = 0; asked < 50; asked++) {
      answers.push(await readyz());
    }
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const seconds = (performance.now() - startedMs) / 1_000;
    expect((await rollbacks()) - before).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
    expect((await vault.verify()).code).toBe(0);
    expect(await asRoot(`SELECT COUNT(*) FROM ${place}.secret WHERE name LIKE '|%'`)).toEqual([["0"]]);
  });

  test("is not ready while the head of the log is gone", () =>
    expectTruth(
      async () => {
        await asRoot(`CREATE TABLE ${place}.kept AS SELECT * FROM ${place}.audit_head`);
        await asRoot(`DELETE FROM ${place}.audit_head`);
      },
      () => asRoot(`INSERT INTO ${place}.audit_head SELECT * FROM ${place}.kept`),
      "the database is not available",
    ));

  test("is not ready while no COMMIT arrives, which a batch has to find out first", async () => {
    const proxy = await openFaultProxy(database.url());
    const behind = await openVault({ databaseUrl: proxy.url(database.url(place)), keys: vault });
    const status = async () => (await behind.sendBare("GET", "/readyz")).status;
    try {
      expect(await status()).toBe(200);
      proxy.plan(...Array<CommitFate>(1_000).fill("lose"));
      const failed = await behind.send("POST", "/api/zsc/set", { body: { name: "lost", value: "v" } });
      expect([failed.status, await status()]).toEqual([500, 503]);
      proxy.plan();
      await until(async () => (await status()) === 200);
      await setSecret(behind, { name: "lost" });
    } finally {
      await behind.close();
      await proxy.close();
    }
  });

  test("its log tells each change once, and why", () => {
    const lines = vault.process.log().filter(({ msg }) => msg === "not ready" || msg === "ready again");
    expect(lines.length).toBeGreaterThan(single.length);
    lines.forEach(({ msg }, index) => {
      expect(msg).toBe(index % 2 === 0 ? "not ready" : "ready again");
    });
    expect(lines).toContainEqual(
      expect.objectContaining({ reason: "the database is read-only", code: "ER_OPTION_PREVENTS_STATEMENT" }),
    );
  });
}
