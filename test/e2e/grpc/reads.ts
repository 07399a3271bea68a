import { createHash } from "node:crypto";
import { type ReadResponse, ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { grpcJsClient, type RpcClient } from "../support/rpc-clients.ts";
import { freshName, metadataOf, newSecret, nowZeqond, payloadsOf } from "../support/secrets.ts";
import type { Vault } from "../support/vault.ts";

/** `ZeqContext.Read`: who reads as whom, and what is left of it. */
export function reads(vault: () => Vault): void {
  let client: RpcClient;
  beforeAll(() => {
    client = grpcJsClient(vault());
  });
  afterAll(() => client.close());

  interface Asked {
    readonly name: string;
    readonly purpose?: string;
    readonly onBehalfOf?: string;
  }
  const readAs = async (role: "caller" | "system", zid: string, asked: Asked) =>
    await client.call(ZeqContext.method.read, asked, { token: await vault().token(role, zid) });

  test("a read counts, and moves nothing but its counters", async () => {
    const name = await newSecret(vault(), { boundZid: "ZEQ-OWNER", permissions: ["ZEQ-FRIEND"] });
    const before = await metadataOf(vault(), name);
    const from = nowZeqond();
    for (const [role, zid] of [
      ["caller", "ZEQ-OWNER"],
      ["caller", "ZEQ-FRIEND"],
      ["system", "ZEQ-SYS"],
    ] as const) {
      expect(await readAs(role, zid, { name })).toMatchObject({ message: { name, value: "a value" } });
    }
    const after = await metadataOf(vault(), name);
    expect(after).toEqual({ ...before, read_count: 3, last_read_zeqond: expect.any(Number) });
    expect(after.last_read_zeqond).toBeGreaterThanOrEqual(from);
    expect(after.last_read_zeqond).toBeLessThanOrEqual(nowZeqond());
  });

  test("without a tag the answer has none, and values come back as they were, NUL included", async () => {
    const value = "\u0000 line\r\n\t\u2028 🔑 ";
    const name = await newSecret(vault(), { value });
    const { message } = await readAs("system", "ZEQ-SYS", { name });
    expect(message?.value).toBe(value);
    expect(message?.purposeTag).toBeUndefined();
  });

  test("the receipt tells the row, and its digest can be computed by whoever holds it", async () => {
    const name = await newSecret(vault(), { boundZid: "ZEQ-OWNER" });
    const { message } = await readAs("caller", "ZEQ-OWNER", { name, purpose: "start" });
    const { receipt } = message as ReadResponse;
    const sql = `SELECT seq, row_hash, transition_id, proof_digest, zeqond_number, actor_zid, transition_type
      FROM audit_log WHERE seq = ${receipt?.seq}`;
    const { seq, rowHash, transitionId, proofDigest, zeqond } = receipt ?? {};
    const row = [seq, rowHash, transitionId, proofDigest, zeqond].map(String);
    expect(await vault().sql(sql)).toEqual([[...row, "ZEQ-OWNER", "secret_read"]]);
    const input = `${name}|ZEQ-OWNER|${transitionId}|start`;
    expect(proofDigest).toBe(createHash("sha256").update(input).digest("hex"));
  });

  test("the purpose is kept; without one, or with an empty one, it is read", async () => {
    const name = await newSecret(vault());
    for (const purpose of ["deploy 42", "", undefined]) {
      await readAs("system", "ZEQ-SYS", purpose === undefined ? { name } : { name, purpose });
    }
    const payloads = (await payloadsOf(vault(), name)).slice(1);
    expect(payloads.map(({ purpose }) => purpose)).toEqual(["deploy 42", "read", "read"]);
  });

  test("the system reads on behalf of another, with that one's rights and in that one's name", async () => {
    const name = await newSecret(vault(), { boundZid: "ZEQ-OWNER" });
    expect(await readAs("system", "ZEQ-BROKER", { name, onBehalfOf: "ZEQ-OWNER" })).toMatchObject({
      message: { value: "a value" },
    });
    expect((await readAs("system", "ZEQ-BROKER", { name, onBehalfOf: "ZEQ-NOBODY" })).failure?.reason).toBe("DENIED");
    const actors = await vault().sql(`SELECT actor_zid FROM audit_log WHERE origin_id = 'zsc:${name}' ORDER BY seq`);
    expect(actors.flat().slice(1)).toEqual(["ZEQ-OWNER", "ZEQ-NOBODY"]);
  });

  test("the row of a read on behalf of another says at its end who read, and the row of a read of one's own does not", async () => {
    const name = await newSecret(vault(), { boundZid: "ZEQ-OWNER" });
    for (const onBehalfOf of ["ZEQ-OWNER", "ZEQ-NOBODY", "ZEQ-BROKER"]) {
      await readAs("system", "ZEQ-BROKER", { name, onBehalfOf });
    }
    await readAs("system", "ZEQ-BROKER", { name });
    await readAs("caller", "ZEQ-OWNER", { name });
    const rows = await vault().sql(`SELECT payload_json FROM audit_log WHERE origin_id = 'zsc:${name}' ORDER BY seq`);
    const by = `,"by":"ZEQ-BROKER"}`;
    const [ownersRow, ...others] = rows.flat().slice(1);
    expect(ownersRow).toBe(`{"name":"${name}","purpose":"read","purpose_tag":null${by}`);
    expect(others.map((payload) => payload.endsWith(by))).toEqual([true, true, false, false]);
  });

  test("nobody reads on behalf of the system, and leaves no row", async () => {
    const name = await newSecret(vault());
    for (const zid of ["ZEQ-BROKER", "ZEQ-SYS"]) {
      const { failure } = await readAs("system", zid, { name, onBehalfOf: "ZEQ-SYS" });
      expect(failure).toMatchObject({ code: "PERMISSION_DENIED", reason: "FORBIDDEN", receipt: undefined });
    }
    expect(await payloadsOf(vault(), name)).toHaveLength(1);
  });

  test("the system without a name reads as itself", async () => {
    const name = await newSecret(vault(), { boundZid: "ZEQ-OWNER" });
    expect((await readAs("system", "ZEQ-BROKER", { name })).failure?.reason).toBe("DENIED");
    expect(await readAs("system", "ZEQ-OWNER", { name })).toMatchObject({ message: { value: "a value" } });
  });

  test("a caller that names anyone is forbidden, also itself, and leaves no row", async () => {
    const name = await newSecret(vault(), { boundZid: "ZEQ-OWNER" });
    for (const onBehalfOf of ["ZEQ-OWNER", "ZEQ-SYS"]) {
      const { failure } = await readAs("caller", "ZEQ-OWNER", { name, onBehalfOf });
      expect(failure).toMatchObject({ code: "PERMISSION_DENIED", reason: "FORBIDDEN", receipt: undefined });
    }
    expect(await payloadsOf(vault(), name)).toHaveLength(1);
  });

  test("an empty name on whose behalf is no name", async () => {
    const { failure } = await readAs("system", "ZEQ-SYS", { name: freshName(), onBehalfOf: "" });
    expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", message: "onBehalfOf required" });
  });

  test("denials by the system on behalf of another count for that one", async () => {
    const name = await newSecret(vault());
    for (let time = 0; time < 5; time++) {
      await readAs("system", "ZEQ-BROKER-2", { name, onBehalfOf: "ZEQ-NAMED" });
    }
    expect((await readAs("caller", "ZEQ-NAMED", { name })).failure?.reason).toBe("RATE_LIMITED");
    const own = await newSecret(vault(), { boundZid: "ZEQ-BROKER-2" });
    expect(await readAs("system", "ZEQ-BROKER-2", { name: own })).toMatchObject({ message: { value: "a value" } });
  });
}
