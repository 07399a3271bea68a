import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import type { Failure, Outcome } from "../support/failure.ts";
import { type RpcClient, rpcClients } from "../support/rpc-clients.ts";
import { freshName, newSecret, receiptText, whileAltered } from "../support/secrets.ts";
import { admin, type Vault } from "../support/vault.ts";

/** The table of the contract's section 3, through every client; the database's absence has a suite of its own. */
export function errorTable(vault: () => Vault): void {
  let clients = 0;
  describe.each(rpcClients)("through %s", (_name, open) => {
    let client: RpcClient;
    let adminToken = "";
    let callerToken = "";
    let caller = "";
    beforeAll(async () => {
      clients += 1;
      caller = `ZEQ-CALLER-${clients}`;
      client = open(vault());
      adminToken = await vault().token("admin", admin);
      callerToken = await vault().token("caller", caller);
    });
    afterAll(() => client.close());

    const read = (name: string, token: string | undefined = callerToken) =>
      client.call(ZeqContext.method.read, { name }, { token });

    function expectFailure(outcome: Outcome<unknown>, expected: Partial<Failure>): void {
      expect(outcome.failure).toMatchObject({ domain: "zsc.v1", ...expected });
      if (expected.receipt === undefined) {
        expect(outcome.failure?.receipt).toBeUndefined();
      }
    }
    const recorded = expect.stringMatching(receiptText);

    test("a good call is answered, with its receipt in the header", async () => {
      const name = await newSecret(vault(), { value: "plain", boundZid: caller, purposeTag: "tag" });
      const { message, receipt } = (await read(name)) as { message: { receipt: unknown }; receipt: string };
      expect(message).toMatchObject({ name, value: "plain", purposeTag: "tag" });
      expect(message.receipt).toMatchObject({
        seq: BigInt(receipt.split(".")[0] ?? 0),
        rowHash: receipt.split(".")[1],
      });
      const managed = await client.call(ZscAdmin.method.info, { name }, { token: adminToken });
      expect(managed).toMatchObject({ message: { secret: { name, readCount: 1n } }, receipt: recorded });
    });

    test("bad input is INVALID_ARGUMENT, in the words of the JSON surface", async () => {
      const code = { code: "INVALID_ARGUMENT", reason: "INVALID_ARGUMENT" };
      expectFailure(await read(""), { ...code, message: "name required" });
      expectFailure(await read("a|b"), { ...code, message: "name must not hold control characters or |" });
      const set = (request: { value?: string; boundZid?: string }) =>
        client.call(ZscAdmin.method.set, { name: "n", ...request }, { token: adminToken });
      expectFailure(await set({}), { ...code, message: "value must be a string" });
      expectFailure(await set({ value: "" }), { ...code, message: "value cannot be empty" });
      expectFailure(await set({ value: "v".repeat(65_537) }), { ...code, message: "value too large (>64KB)" });
      expectFailure(await set({ value: "v", boundZid: "" }), { ...code, message: "boundZid required" });
      const audit = await client.call(ZscAdmin.method.audit, { name: "n", limit: 0n }, { token: adminToken });
      expectFailure(audit, { ...code, message: "limit must be an integer of at least 1" });
    });

    test("no token and a bad token are UNAUTHENTICATED", async () => {
      const expected = { code: "UNAUTHENTICATED", reason: "UNAUTHENTICATED", message: "unauthorized" };
      expectFailure(await client.call(ZeqContext.method.read, { name: "n" }), expected);
      expectFailure(await read("n", "bad"), expected);
      expectFailure(await client.call(ZscAdmin.method.list, {}, { token: `${adminToken}x` }), expected);
    });

    test("a token of the wrong role is FORBIDDEN", async () => {
      const expected = { code: "PERMISSION_DENIED", reason: "FORBIDDEN", message: "forbidden" };
      expectFailure(await client.call(ZscAdmin.method.list, {}, { token: callerToken }), expected);
      expectFailure(await read("n", adminToken), expected);
      const onBehalf = await client.call(
        ZeqContext.method.read,
        { name: "n", onBehalfOf: "Z" },
        { token: callerToken },
      );
      expectFailure(onBehalf, expected);
    });

    test("no such secret is NOT_FOUND, recorded", async () => {
      const expected = { code: "NOT_FOUND", reason: "NOT_FOUND", message: "no secret of that name", receipt: recorded };
      expectFailure(await read(freshName("none")), expected);
      expectFailure(await client.call(ZscAdmin.method.delete, { name: "none" }, { token: adminToken }), expected);
    });

    test("a sealed value that does not open is INTERNAL, recorded", async () => {
      const name = await newSecret(vault(), { boundZid: caller });
      const expected = { code: "INTERNAL", reason: "SEAL_BROKEN", receipt: recorded };
      await whileAltered(vault(), name, "sealed_value = x'0102'", async () => {
        expectFailure(await read(name), { ...expected, message: "the sealed value does not open" });
        const message = "the secret is not what the audit log says so it cannot be changed";
        const deletion = await client.call(ZscAdmin.method.delete, { name }, { token: adminToken });
        expectFailure(deletion, { ...expected, message });
      });
    });

    test("a message over the limit is RESOURCE_EXHAUSTED", async () => {
      const set = { name: "n", value: "v".repeat(5_000_000) };
      const outcome = await client.call(ZscAdmin.method.set, set, { token: adminToken });
      const message = "message too large";
      expectFailure(outcome, { code: "RESOURCE_EXHAUSTED", reason: "MESSAGE_TOO_LARGE", message });
    });

    test("the gate's no is DENIED, and after five of them RATE_LIMITED with a time to wait", async () => {
      const name = await newSecret(vault());
      const denied = {
        code: "PERMISSION_DENIED",
        reason: "DENIED",
        message: "neither the owner nor permitted to read this secret",
        receipt: recorded,
      };
      for (let time = 0; time < 5; time++) {
        expectFailure(await read(name), denied);
      }
      const limited = await read(name);
      const message = "too many denials in the last 60 Zeqonds";
      expectFailure(limited, { code: "RESOURCE_EXHAUSTED", reason: "RATE_LIMITED", message, receipt: recorded });
      expect(limited.failure?.retryAfterMs).toBeGreaterThan(0);
      expect(limited.failure?.retryAfterMs).toBeLessThanOrEqual(60 * 777);
    });
  });
}
