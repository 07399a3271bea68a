import { readdirSync, readFileSync } from "node:fs";
import { Health, HealthCheckResponse_ServingStatus as Status } from "#gen/grpc/health/v1/health_pb.js";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { type MariaDb, openMariaDb } from "../support/mariadb.ts";
import { queryText } from "../support/mysql-admin.ts";
import { until } from "../support/until.ts";
import { type RpcClient, rpcClients } from "./support/rpc-clients.ts";
import { freshName, metadataOf, newSecret, receiptText, setSecret } from "./support/secrets.ts";
import { closeVaults, openVault, type Vault } from "./support/vault.ts";

// Processes begin and end here, on a machine that may have other things to do.
jest.setTimeout(90_000);

const detail = "the database is not available and nothing was released";

/** `R`, `S`, `T` for stopped …, one for each thread. */
function threadStatesOf(pid: number): readonly string[] {
  const stats = readdirSync(`/proc/${pid}/task`).map((id) => readFileSync(`/proc/${pid}/task/${id}/stat`, "utf8"));
  return stats.map((stat) => stat.slice(stat.lastIndexOf(")") + 2).charAt(0));
}

describe("a database that goes away under a running server", () => {
  let database: MariaDb;
  let vault: Vault;
  let clients: readonly (readonly [string, RpcClient])[];
  let token = "";
  beforeAll(async () => {
    database = await openMariaDb();
    vault = await openVault({ databaseUrl: await database.createDatabase() });
    token = await vault.token("caller", "ZEQ-OWNER");
    clients = rpcClients.map(([name, open]) => [name, open(vault)] as const);
  }, 120_000);
  afterAll(async () => {
    for (const [, client] of clients) {
      client.close();
    }
    await closeVaults();
    await database.dispose();
  }, 60_000);

  const read = async (client: RpcClient | undefined, name: string) => {
    if (client === undefined) {
      throw new Error("no client");
    }
    return await client.call(ZeqContext.method.read, { name }, { token });
  };
  const status = async (path: string) => (await vault.sendBare("GET", path)).status;

  /** Resolves once the server has found its database again by itself. */
  const untilReady = () => until(async () => (await status("/readyz")) === 200);

  describe.each([
    ["killed", () => database.kill()],
    ["stopped", () => database.stop()],
  ])("%s", (_how, end) => {
    let name = "";
    let linesBefore = 0;
    beforeAll(async () => {
      linesBefore = vault.process.log().length;
      name = await newSecret(vault, { boundZid: "ZEQ-OWNER", value: "still here" });
      await end();
    });

    test("a read is UNAVAILABLE through every client, without a receipt", async () => {
      for (const [what, client] of clients) {
        const { failure } = await read(client, name);
        expect([what, failure]).toMatchObject([
          what,
          { code: "UNAVAILABLE", reason: "STORE_UNAVAILABLE", domain: "zsc.v1", message: detail, receipt: undefined },
        ]);
        expect(failure?.retryAfterMs).toBeGreaterThan(0);
      }
    });

    test("a batch is UNAVAILABLE as a whole", async () => {
      const client = clients[0]?.[1];
      const outcome = await client?.call(ZeqContext.method.batchRead, { names: [name, "other"] }, { token });
      expect(outcome?.failure).toMatchObject({ code: "UNAVAILABLE", reason: "STORE_UNAVAILABLE" });
    });

    test.each<[string, string, unknown]>([
      ["GET", "list", undefined],
      ["GET", "info/n", undefined],
      ["POST", "set", { name: "n", value: "v" }],
      ["POST", "rotate/n", undefined],
      ["POST", "grant/n", { zid: "Z" }],
      ["POST", "revoke/n", { zid: "Z" }],
      ["GET", "audit/n", undefined],
      ["POST", "probe-permission", { name: "n", asZid: "Z" }],
      ["DELETE", "n", undefined],
    ])("%s /api/zsc/%s is 500 with a safe detail", async (method, path, body) => {
      const answer = await vault.send(method, `/api/zsc/${path}`, { body });
      expect([answer.status, answer.text, answer.receipt]).toEqual([
        500,
        JSON.stringify({ ok: false, error: "INTERNAL_ERROR", detail }),
        undefined,
      ]);
    });

    test("what needs no database is told as ever", async () => {
      expect((await vault.sendBare("GET", "/api/zsc/list")).status).toBe(401);
      expect((await vault.send("POST", "/api/zsc/set", { body: { name: "" } })).text).toContain("name required");
      expect((await vault.send("GET", "/api/zsc/no/path")).status).toBe(404);
    });

    test("the server lives and is not ready", async () => {
      expect(await status("/healthz")).toBe(200);
      const ready = await vault.sendBare("GET", "/readyz");
      expect([ready.status, ready.json]).toEqual([
        503,
        { status: "unavailable", durable: false, detail: "the database is not available" },
      ]);
      const health = await clients[0]?.[1].call(Health.method.check, { service: "zsc.v1.ZeqContext" });
      expect(health?.message?.status).toBe(Status.NOT_SERVING);
    });

    test("once the database is back, everything works again by itself and nothing is lost", async () => {
      await database.start();
      await untilReady();
      for (const [what, client] of clients) {
        expect([what, await read(client, name)]).toMatchObject([
          what,
          { message: { value: "still here" }, receipt: expect.stringMatching(receiptText) },
        ]);
      }
      expect((await metadataOf(vault, name)).read_count).toBe(clients.length);
      expect((await setSecret(vault, { name: freshName() })).receipt).toMatch(receiptText);
      const verified = await vault.verify();
      expect(verified).toMatchObject({ code: 0, stdout: expect.stringMatching(/ok\n$/) });
    });

    test("the log has one warning of all that, and one line when it was over", async () => {
      const states = () =>
        vault.process
          .log()
          .slice(linesBefore)
          .filter(({ level, msg }) => level === "warn" || level === "error" || msg === "the database is back");
      await until(() => states().some(({ msg }) => msg === "the database is back"));
      // Health has a line of its own, when somebody asked.
      expect(states().filter(({ msg }) => msg !== "not ready")).toMatchObject([
        { level: "warn", msg: "the database is away", reason: expect.stringMatching(/^the database .*: \w+/) },
        { level: "info", msg: "the database is back" },
      ]);
      expect(states().length).toBeLessThanOrEqual(3);
    });
  });

  test("one that hangs is away for health checks, which do not hang with it", async () => {
    const pid = database.pid ?? 0;
    process.kill(pid, "SIGSTOP");
    await until(() => threadStatesOf(pid).every((state) => state === "T"));
    try {
      const answers = await Promise.all(["/readyz", "/readyz", "/readyz", "/healthz"].map(status));
      expect(answers).toEqual([503, 503, 503, 200]);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await untilReady();
  });

  test("one that could forget what it has acknowledged is told by /readyz", async () => {
    await queryText(database.url(), "SET GLOBAL innodb_flush_log_at_trx_commit = 2");
    const answer = await vault.sendBare("GET", "/readyz");
    const detail = expect.stringContaining("innodb_flush_log_at_trx_commit");
    expect([answer.status, answer.json]).toEqual([200, { status: "ready", durable: false, detail }]);
    const second = await openVault({ databaseUrl: vault.databaseUrl, keys: vault });
    const warning = "the database does not sync its commits and may lose acknowledged rows";
    expect(second.process.log()).toContainEqual(
      expect.objectContaining({ level: "warn", reason: detail, msg: warning }),
    );
    await second.process.end();
    await queryText(database.url(), "SET GLOBAL innodb_flush_log_at_trx_commit = 1");
    expect((await vault.sendBare("GET", "/readyz")).json).toEqual({ status: "ready", durable: true });
  });

  test("the log names neither the account nor its password, and no SQL", () => {
    const log = vault.process.stdout();
    const { password } = new URL(vault.databaseUrl);
    expect(log).toContain("ECONNREFUSED");
    expect(log).not.toContain(password);
    expect(log).not.toMatch(/SELECT|INSERT|UPDATE |audit_head/);
  });
});
