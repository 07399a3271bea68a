import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { failureOfItem } from "./support/failure.ts";
import { holdHead, untilServerHas } from "./support/head-lock.ts";
import { grpcJsClient, type RpcClient } from "./support/rpc-clients.ts";
import { newSecret } from "./support/secrets.ts";
import { openVault, type Vault } from "./support/vault.ts";

const namesPerCall = 100;
const firstCalls = 3;
const furtherCalls = 45;
const mostWaiting = 4_096;

describe("more calls than may wait for the database", () => {
  let vault: Vault;
  let client: RpcClient;
  beforeAll(async () => {
    vault = await openVault({ database: "MariaDB" });
    client = grpcJsClient(vault);
  });
  afterAll(async () => {
    client.close();
    await vault.close();
  });

  test("are refused at once with a hint when to try again and leave no row; the others are answered", async () => {
    const name = await newSecret(vault, { boundZid: "ZEQ-MANY" });
    const token = await vault.token("caller", "ZEQ-MANY");
    const names = Array<string>(namesPerCall).fill(name);
    const send = (calls: number) =>
      Array.from({ length: calls }, () => client.call(ZeqContext.method.batchRead, { names }, { token }));
    const letGo = await holdHead(vault);
    const first = send(firstCalls);
    await untilServerHas(vault, firstCalls);
    const further = send(furtherCalls);
    await untilServerHas(vault, furtherCalls);

    const late = await client.call(ZeqContext.method.read, { name }, { token });
    expect(late.failure).toMatchObject({
      code: "UNAVAILABLE",
      message: "too many calls are waiting",
      reason: "OVERLOADED",
      retryAfterMs: 100,
    });
    const json = await vault.send("GET", `/api/zsc/info/${name}`);
    expect(json.status).toBe(500);
    expect(json.json).toMatchObject({ error: "INTERNAL_ERROR", detail: "too many calls are waiting" });
    expect(json.headers["retry-after"]).toBe("1");
    expect((await vault.sendBare("GET", "/healthz")).status).toBe(200);

    await letGo();
    const outcomes = await Promise.all([...first, ...further]);
    const items = outcomes.flatMap(({ message }) => message?.items ?? []);
    const values = items.filter(({ result }) => result.case === "secret");
    const refusals = [
      ...outcomes.flatMap(({ failure }) => failure ?? []),
      ...items.flatMap(({ result }) => (result.case === "error" ? failureOfItem(result.value) : [])),
    ];
    expect(values.length).toBeGreaterThan(mostWaiting);
    expect(values.length).toBeLessThanOrEqual(mostWaiting + firstCalls * namesPerCall);
    expect(refusals).not.toEqual([]);
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({ code: "UNAVAILABLE", reason: "OVERLOADED" });
    }
    const rows = await vault.sql("SELECT seq FROM audit_log WHERE actor_zid = 'ZEQ-MANY'");
    expect(rows).toHaveLength(values.length);
    expect((await vault.verify()).code).toBe(0);
  });
});
