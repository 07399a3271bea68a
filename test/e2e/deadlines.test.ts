import { type Connection, createConnection } from "mysql2/promise";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { until } from "../support/until.ts";
import { type HttpClient, http2Client } from "./support/http.ts";
import { rpcClients } from "./support/rpc-clients.ts";
import { newSecret } from "./support/secrets.ts";
import { closeVaults, openVault, type Vault } from "./support/vault.ts";

/** Holds the lock on the chain head beside the server, so that nothing can be recorded meanwhile. */
async function whileLocked<T>(vault: Vault, work: () => Promise<T>): Promise<T> {
  const connection: Connection = await createConnection({ uri: vault.databaseUrl });
  try {
    await connection.query("START TRANSACTION");
    await connection.query("SELECT seq FROM audit_head WHERE id = 1 FOR UPDATE");
    return await work();
  } finally {
    await connection.query("ROLLBACK");
    await connection.end();
  }
}

/** Resolves when the server's own connection waits for the lock. */
async function untilServerWaits(vault: Vault): Promise<void> {
  const waiting = `SELECT id FROM information_schema.processlist
    WHERE db = DATABASE() AND id <> CONNECTION_ID() AND info LIKE '%FOR UPDATE%'`;
  await until(async () => (await vault.sql(waiting)).length > 0);
}

describe("deadlines", () => {
  let vault: Vault;
  let http: HttpClient;
  let token = "";
  beforeAll(async () => {
    vault = await openVault({ database: "MariaDB" });
    http = http2Client(vault.host, vault.port);
    token = await vault.token("system", "ZEQ-SYS");
  }, 90_000);
  afterAll(async () => {
    http.close();
    await closeVaults();
  }, 60_000);

  test.each(rpcClients)("a call that cannot be carried out in time fails in time, through %s", async (_name, open) => {
    const name = await newSecret(vault);
    const client = open(vault);
    const outcome = await whileLocked(vault, () =>
      client.call(ZeqContext.method.read, { name }, { token, timeoutMs: 200 }),
    );
    expect(outcome.failure?.code).toBe("DEADLINE_EXCEEDED");
    client.close();
  });

  test("the server itself keeps the time that a caller names, in gRPC and in Connect", async () => {
    const name = await newSecret(vault);
    const request = Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name)]);
    const envelope = Buffer.concat([Buffer.from([0, 0, 0, 0, request.length]), request]);
    const path = "/zsc.v1.ZeqContext/Read";
    const { grpc, connect } = await whileLocked(vault, async () => {
      const grpcHeaders = { "content-type": "application/grpc", te: "trailers", "grpc-timeout": "200m" };
      const connectHeaders = { "content-type": "application/json", "connect-timeout-ms": "200" };
      const [grpc, connect] = await Promise.all([
        http.send("POST", path, { token, headers: grpcHeaders, body: envelope }),
        http.send("POST", path, { token, headers: connectHeaders, body: { name } }),
      ]);
      return { grpc, connect };
    });
    expect(grpc.headers["grpc-status"]).toBe("4");
    expect([connect.status, connect.json]).toMatchObject([504, { code: "deadline_exceeded" }]);
  });

  test("a call that was given up while it waited never happens", async () => {
    const [first, second] = [await newSecret(vault), await newSecret(vault)];
    const client = rpcClients[0]?.[1](vault);
    const read = (name: string, timeoutMs: number) =>
      client?.call(ZeqContext.method.read, { name }, { token, timeoutMs });
    const inFlight = await whileLocked(vault, async () => {
      const waiting = read(first, 30_000);
      await untilServerWaits(vault);
      // The next one is collected while the first one's batch waits for the lock.
      expect((await read(second, 200))?.failure?.code).toBe("DEADLINE_EXCEEDED");
      return { waiting };
    });
    expect((await inFlight.waiting)?.message?.value).toBe("a value");
    await newSecret(vault);
    const reads = await vault.sql("SELECT origin_id FROM audit_log WHERE transition_type = 'secret_read' ORDER BY seq");
    expect(reads.flat()).toContain(`zsc:${first}`);
    expect(reads.flat()).not.toContain(`zsc:${second}`);
    client?.close();
  });
});
