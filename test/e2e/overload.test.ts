import { connect } from "node:http2";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { holdHead, untilServerHas } from "./support/head-lock.ts";
import { grpcJsClient, type RpcClient } from "./support/rpc-clients.ts";
import { newSecret } from "./support/secrets.ts";
import { closeVaults, openVault, type Vault } from "./support/vault.ts";

const namesPerCall = 100;
const firstCalls = 3;
const furtherCalls = 57;
/** Half of the places, which is what one principal may have, and what is in the first batch. */
const mostCalls = 41 + firstCalls;
const othersReads = 100;

const overloaded = {
  code: "UNAVAILABLE",
  message: "too many calls are waiting",
  reason: "OVERLOADED",
  retryAfterMs: 100,
};

describe("more calls than may wait for the database", () => {
  let vault: Vault;
  let client: RpcClient;
  beforeEach(async () => {
    vault = await openVault({ database: "MariaDB" });
    client = grpcJsClient(vault);
  });
  afterEach(async () => {
    client.close();
    await vault.close();
  });
  afterAll(closeVaults);

  const rowsOf = async (zid: string) =>
    (await vault.sql(`SELECT seq FROM audit_log WHERE actor_zid = '${zid}' AND transition_type = 'secret_read'`))
      .length;

  test("are refused at once with a hint when to try again, and everybody else is served", async () => {
    const name = await newSecret(vault, { boundZid: "ZEQ-MANY", permissions: ["ZEQ-FEW"] });
    const token = await vault.token("caller", "ZEQ-MANY");
    const names = Array<string>(namesPerCall).fill(name);
    const send = (calls: number) =>
      Array.from({ length: calls }, () => client.call(ZeqContext.method.batchRead, { names }, { token }));
    const letGo = await holdHead(vault);
    const first = send(firstCalls);
    await untilServerHas(vault, firstCalls);
    const further = send(furtherCalls);
    await untilServerHas(vault, furtherCalls);

    const late = await client.call(ZeqContext.method.batchRead, { names }, { token });
    expect(late.failure).toMatchObject(overloaded);
    const few = await vault.token("caller", "ZEQ-FEW");
    const others = Array.from({ length: othersReads }, () =>
      client.call(ZeqContext.method.read, { name }, { token: few }),
    );
    const json = vault.send("GET", `/api/zsc/info/${name}`);
    expect((await vault.sendBare("GET", "/healthz")).status).toBe(200);

    await letGo();
    const ofOthers = await Promise.all(others);
    expect(ofOthers.filter(({ message }) => message?.value === "a value")).toHaveLength(othersReads);
    expect((await json).status).toBe(200);
    const outcomes = await Promise.all([...first, ...further]);
    const answered = outcomes.filter(({ message }) => message !== undefined);
    expect(answered.length).toBeGreaterThanOrEqual(mostCalls - firstCalls);
    expect(answered.length).toBeLessThanOrEqual(mostCalls);
    const values = answered.flatMap(({ message }) => message?.items ?? []);
    expect(values.every(({ result }) => result.case === "secret")).toBe(true);
    const refusals = outcomes.flatMap(({ failure }) => failure ?? []);
    expect(refusals).toEqual(Array(refusals.length).fill(expect.objectContaining(overloaded)));
    expect([await rowsOf("ZEQ-MANY"), await rowsOf("ZEQ-FEW")]).toEqual([values.length, othersReads]);
    expect((await vault.verify()).code).toBe(0);
  }, 60_000);

  test("tell a JSON caller when to come back", async () => {
    const name = await newSecret(vault);
    const letGo = await holdHead(vault);
    const waiting = Array.from({ length: 4_400 }, () => vault.send("GET", `/api/zsc/info/${name}`));
    const refused = await Promise.race(waiting);
    expect(refused.status).toBe(500);
    expect(refused.json).toMatchObject({ error: "INTERNAL_ERROR", detail: "too many calls are waiting" });
    expect(refused.headers["retry-after"]).toBe("1");
    await letGo();
    await Promise.all(waiting);
  }, 60_000);

  test("make room when their callers go", async () => {
    const name = await newSecret(vault, { boundZid: "ZEQ-MANY" });
    const token = await vault.token("caller", "ZEQ-MANY");
    const names = Array<string>(namesPerCall).fill(name);
    const letGo = await holdHead(vault);
    const session = connect(`http://${vault.host}:${vault.port}`).on("error", () => undefined);
    const body = JSON.stringify({ names });
    const headers = {
      ":method": "POST",
      ":path": "/zsc.v1.ZeqContext/BatchRead",
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
    };
    const sendAndForget = () =>
      void session
        .request(headers)
        .on("error", () => undefined)
        .end(body);
    sendAndForget();
    await untilServerHas(vault, 1);
    for (let call = 0; call < 60; call++) {
      sendAndForget();
    }
    const late = () => client.call(ZeqContext.method.batchRead, { names }, { token });
    let refused = await late();
    expect(refused.failure).toMatchObject(overloaded);
    session.destroy();

    const calls: ReturnType<typeof late>[] = [];
    while (calls.length < 30) {
      const call = late();
      // Whoever is refused hears so at once; whoever waits hears nothing before the head is let go.
      const heard = await Promise.race([call, untilServerHas(vault, 3)]);
      if (heard === undefined) {
        calls.push(call);
      } else {
        refused = heard;
        expect(refused.failure).toMatchObject(overloaded);
      }
    }
    await letGo();
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter(({ failure }) => failure !== undefined)).toEqual([]);
    // One batch was on its way when its callers went: it counts.
    expect(await rowsOf("ZEQ-MANY")).toBe((calls.length + 1) * namesPerCall);
  }, 60_000);
});
