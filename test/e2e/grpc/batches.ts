import { type BatchReadItem, type BatchReadResponse, ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { failureOfItem, type Outcome } from "../support/failure.ts";
import { type RpcClient, rpcClients } from "../support/rpc-clients.ts";
import { freshName, metadataOf, newSecret, setSecret, whileAltered } from "../support/secrets.ts";
import type { Vault } from "../support/vault.ts";

/** What an item says, in short: the value, or why not. */
function shown({ name, result }: BatchReadItem): readonly [string, string | undefined] {
  if (result.case === "secret") {
    return [name, result.value.value];
  }
  return [name, result.case === "error" ? failureOfItem(result.value).reason : undefined];
}

/** `ZeqContext.BatchRead`. */
export function batches(vault: () => Vault): void {
  let client: RpcClient;
  beforeAll(() => {
    client = rpcClients[0]?.[1](vault()) as RpcClient;
  });
  afterAll(() => client.close());

  const batchAs = async (zid: string, names: readonly string[], role: "caller" | "system" = "caller") =>
    await client.call(ZeqContext.method.batchRead, { names: [...names] }, { token: await vault().token(role, zid) });
  const itemsOf = (outcome: Outcome<BatchReadResponse>) => outcome.message?.items ?? [];

  test("answers in the order asked, each with its value or its refusal", async () => {
    const own = await newSecret(vault(), { boundZid: "ZEQ-B1", value: "own" });
    const foreign = await newSecret(vault());
    const broken = await newSecret(vault(), { boundZid: "ZEQ-B1" });
    const none = freshName("none");
    await whileAltered(vault(), broken, "sealed_value = x'0102'", async () => {
      const outcome = await batchAs("ZEQ-B1", [none, own, foreign, broken, own]);
      expect(itemsOf(outcome).map(shown)).toEqual([
        [none, "NOT_FOUND"],
        [own, "own"],
        [foreign, "DENIED"],
        [broken, "SEAL_BROKEN"],
        [own, "own"],
      ]);
    });
    expect((await metadataOf(vault(), own)).read_count).toBe(2);
  });

  test("an item's refusal has code, message and ErrorInfo as the call of one would", async () => {
    const foreign = await newSecret(vault());
    const [item] = itemsOf(await batchAs("ZEQ-B2", [foreign]));
    expect(item?.result.case).toBe("error");
    const failure = item?.result.case === "error" ? failureOfItem(item.result.value) : undefined;
    expect(failure).toMatchObject({
      code: "PERMISSION_DENIED",
      message: "neither the owner nor permitted to read this secret",
      reason: "DENIED",
      domain: "zsc.v1",
    });
  });

  test("leaves a row for each, and the receipt of the last one in the header", async () => {
    const names = [await newSecret(vault(), { boundZid: "ZEQ-B3" }), await newSecret(vault()), freshName("none")];
    const outcome = await batchAs("ZEQ-B3", names);
    const rows = await vault().sql(
      "SELECT seq, row_hash, transition_type FROM audit_log WHERE actor_zid = 'ZEQ-B3' ORDER BY seq",
    );
    expect(rows.map(([, , type]) => type)).toEqual(["secret_read", "secret_denied", "secret_denied"]);
    const [seq, rowHash] = rows.at(-1) ?? [];
    expect(outcome).toMatchObject({ receipt: `${seq}.${rowHash}` });
    const [first] = itemsOf(outcome);
    const receipt = first?.result.case === "secret" ? first.result.value.receipt : undefined;
    expect([String(receipt?.seq), receipt?.rowHash]).toEqual(rows[0]?.slice(0, 2));
  });

  test("reads a hundred names, the largest values too", async () => {
    const value = "🔑".repeat(16_384);
    const names = Array.from({ length: 100 }, () => freshName("large"));
    await Promise.all(names.map((name) => setSecret(vault(), { name, value, boundZid: "ZEQ-B4" })));
    const items = itemsOf(await batchAs("ZEQ-B4", names));
    expect(items.map(({ name }) => name)).toEqual(names);
    expect(items.every(({ result }) => result.case === "secret" && result.value.value === value)).toBe(true);
  });

  test("whose answer would be too large is refused before anything is read, and smaller ones are not", async () => {
    const value = "\0".repeat(65_536);
    const names = Array.from({ length: 100 }, () => freshName("large"));
    // One after another: six times as large in JSON, all of them at once are more than one principal may have under way.
    for (const name of names) {
      await setSecret(vault(), { name, value, boundZid: "ZEQ-B9" });
    }
    const token = await vault().token("caller", "ZEQ-B9");
    const rows = async () => (await vault().sql("SELECT seq FROM audit_log WHERE actor_zid = 'ZEQ-B9'")).length;
    for (const [what, open] of rpcClients) {
      const each = open(vault());
      const before = await rows();
      const many = await each.call(ZeqContext.method.batchRead, { names }, { token });
      const isJson = what.includes("JSON");
      expect([what, many.failure?.code, many.failure?.reason]).toEqual(
        isJson ? [what, "RESOURCE_EXHAUSTED", "MESSAGE_TOO_LARGE"] : [what, undefined, undefined],
      );
      expect([what, (await rows()) - before, itemsOf(many).length]).toEqual(isJson ? [what, 0, 0] : [what, 100, 100]);
      const few = await each.call(ZeqContext.method.batchRead, { names: names.slice(0, 20) }, { token });
      expect(itemsOf(few).map((item) => shown(item)[1] === value)).toEqual(Array(20).fill(true));
      each.close();
    }
  }, 60_000);

  test.each([
    ["no names", [], "names required"],
    ["101 names", Array.from({ length: 101 }, (_, index) => `n${index}`), "too many names (>100)"],
    ["an empty name among good ones", ["a", ""], "name required"],
    ["an ill-formed name among good ones", ["a", "a|b"], "name must not hold control characters or |"],
  ])("refuses %s as a whole", async (_what, names, message) => {
    expect((await batchAs("ZEQ-B5", names)).failure).toMatchObject({ code: "INVALID_ARGUMENT", message });
  });

  test("the fifth denial of a batch shuts the door for the rest of it, with a time to wait", async () => {
    const own = await newSecret(vault(), { boundZid: "ZEQ-B6" });
    const foreign = await newSecret(vault());
    const outcome = await batchAs("ZEQ-B6", [own, ...Array<string>(5).fill(foreign), own]);
    const reasons = itemsOf(outcome).map((item) => shown(item)[1]);
    expect(reasons).toEqual(["a value", ...Array(5).fill("DENIED"), "RATE_LIMITED"]);
    const last = itemsOf(outcome).at(-1)?.result;
    expect(last?.case === "error" && failureOfItem(last.value).retryAfterMs).toBeGreaterThan(0);
  });

  test("on behalf of another goes for all names, and only for the system", async () => {
    const name = await newSecret(vault(), { boundZid: "ZEQ-B7" });
    const ask = async (role: "caller" | "system") =>
      await client.call(
        ZeqContext.method.batchRead,
        { names: [name, name], onBehalfOf: "ZEQ-B7", purpose: "sync" },
        { token: await vault().token(role, "ZEQ-BROKER") },
      );
    expect(itemsOf(await ask("system")).map(shown)).toEqual([
      [name, "a value"],
      [name, "a value"],
    ]);
    expect((await ask("caller")).failure).toMatchObject({ code: "PERMISSION_DENIED", reason: "FORBIDDEN" });
  });

  test("is the same through every client", async () => {
    const name = await newSecret(vault(), { boundZid: "ZEQ-B8" });
    const token = await vault().token("caller", "ZEQ-B8");
    for (const [what, open] of rpcClients) {
      const each = open(vault());
      const none = freshName("none");
      const outcome = await each.call(ZeqContext.method.batchRead, { names: [none, name] }, { token });
      expect([what, outcome.failure ?? itemsOf(outcome).map(shown)]).toEqual([
        what,
        [
          [none, "NOT_FOUND"],
          [name, "a value"],
        ],
      ]);
      each.close();
    }
  });
}
