import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { rowHashByHand } from "../../ledger/chain-by-hand.ts";
import { grpcJsClient, type RpcClient } from "../support/rpc-clients.ts";
import { freshName, hex64, isoTime, newSecret, setSecret, uuid } from "../support/secrets.ts";
import { admin, type Vault } from "../support/vault.ts";

interface LogRow {
  readonly seq: number;
  readonly name: string | null;
  readonly actorZid: string;
  readonly transitionType: string;
  readonly payload: string;
  readonly rowHash: string;
  readonly prevHash: string;
  readonly createdAt: string;
}

interface Log {
  readonly count: number;
  readonly rows: readonly LogRow[];
  readonly nextBeforeSeq: number | null;
}

/** The whole log, and the names that a caller may read: people.md section 9. */
export function wholeLog(vault: () => Vault): void {
  let client: RpcClient;
  beforeAll(() => {
    client = grpcJsClient(vault());
  });
  afterAll(() => client?.close());

  const log = async (query: string): Promise<Log> => {
    const answer = await vault().send("GET", `/api/zsc/log?${query}`);
    expect([answer.status, answer.text.slice(0, 200)]).toEqual([200, expect.anything()]);
    return answer.json as Log;
  };

  test("a row has all of its columns, under these keys, and its payload as it is hashed", async () => {
    const name = await newSecret(vault());
    const { rows, count, nextBeforeSeq } = await log(`name=${name}&limit=1`);
    expect([count, nextBeforeSeq]).toEqual([1, null]);
    expect(rows[0]).toEqual({
      seq: expect.any(Number),
      id: expect.stringMatching(uuid),
      name,
      actorZid: admin,
      zeqondNumber: expect.any(Number),
      transitionType: "secret_set",
      transitionId: expect.stringMatching(uuid),
      purpose: "created",
      reason: null,
      payload: expect.stringMatching(/^\{"name":/),
      proofPurpose: "set",
      proofDigest: expect.stringMatching(hex64),
      prevHash: expect.stringMatching(hex64),
      rowHash: expect.stringMatching(hex64),
      createdAt: expect.stringMatching(isoTime),
    });
    const [[stored = ""] = []] = await vault().sql(`SELECT payload_json FROM audit_log WHERE seq = ${rows[0]?.seq}`);
    expect(rows[0]?.payload).toBe(stored);
  });

  test("its hash can be computed from what gRPC gives", async () => {
    const name = await newSecret(vault());
    const token = await vault().token("admin", admin);
    const { message } = await client.call(ZscAdmin.method.log, { name }, { token });
    const row = message?.rows[0];
    expect(row?.originId).toBe(`zsc:${name}`);
    const { payload = "", $typeName: _type, ...columns } = row ?? ({} as Partial<NonNullable<typeof row>>);
    expect(rowHashByHand({ ...columns, payloadJson: payload } as never)).toBe(row?.rowHash);
  });

  test("shows all rows, newest first, its own last one not, and goes on from its token", async () => {
    const { rows: newest } = await log("limit=3");
    expect(newest).toHaveLength(3);
    const seqs: number[] = [];
    let next: number | null | undefined;
    do {
      const page: Log = await log(`limit=500${next === undefined ? "" : `&beforeSeq=${next}`}`);
      seqs.push(...page.rows.map(({ seq }) => seq));
      next = page.nextBeforeSeq;
    } while (next !== null);
    expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, index) => seqs.length - index));
  });

  test("filters by name, actor, types and time, each alone and together", async () => {
    const name = freshName("logged");
    await setSecret(vault(), { name, boundZid: "ZEQ-LOG" });
    const reader = await vault().token("caller", "ZEQ-LOG");
    const stranger = await vault().token("caller", "ZEQ-NOBODY");
    await client.call(ZeqContext.method.read, { name, purpose: "backup" }, { token: reader });
    await client.call(ZeqContext.method.read, { name }, { token: stranger });
    const kinds = async (query: string) =>
      (await log(query)).rows.map(({ transitionType, actorZid }) => `${transitionType} ${actorZid}`);
    const all = ["secret_denied ZEQ-NOBODY", "secret_read ZEQ-LOG", `secret_set ${admin}`];
    expect(await kinds(`name=${name}`)).toEqual(all);
    expect(await kinds(`name=${name}&actor=ZEQ-LOG`)).toEqual(all.slice(1, 2));
    expect(await kinds("actor=ZEQ-LOG")).toEqual(all.slice(1, 2));
    expect(await kinds(`name=${name}&type=secret_set&type=secret_read`)).toEqual(all.slice(1));
    expect(await kinds("type=secret_denied&actor=ZEQ-NOBODY")).toEqual(all.slice(0, 1));
    expect(await kinds("type=no_such_type")).toEqual([]);
    expect(await kinds("name=never-was")).toEqual([]);
    const [denied, read, set] = (await log(`name=${name}`)).rows;
    expect(await kinds(`name=${name}&to=${read?.createdAt}`)).toEqual(expect.arrayContaining(all.slice(2)));
    expect(await kinds(`name=${name}&from=${denied?.createdAt}`)).toEqual(expect.arrayContaining(all.slice(0, 1)));
    expect(await kinds(`name=${name}&from=2099-01-01T00:00:00Z`)).toEqual([]);
    expect(await kinds(`name=${name}&to=2001-01-01T00:00:00%2B01:00`)).toEqual([]);
    const first = await log(`name=${name}&limit=2`);
    expect(first.rows.map(({ seq }) => seq)).toEqual([denied?.seq, read?.seq]);
    const second = await log(`name=${name}&limit=2&beforeSeq=${first.nextBeforeSeq}`);
    expect(second.rows.map(({ seq }) => seq)).toEqual([set?.seq]);
    expect(second.nextBeforeSeq).toBeNull();
  });

  test("is a row itself, which says what was asked for", async () => {
    await log("actor=ZEQ-1&type=secret_read&limit=7");
    const [row] = (await log("type=admin_log&limit=1&beforeSeq=9007199254740991")).rows;
    expect(JSON.parse((await log(`type=admin_log&beforeSeq=${row?.seq}&limit=1`)).rows[0]?.payload ?? "")).toEqual({
      actor: "ZEQ-1",
      type: ["secret_read"],
      limit: 7,
    });
  });

  test.each([
    ["limit=0", "limit must be from 1 to 500"],
    ["limit=501", "limit must be from 1 to 500"],
    ["beforeSeq=0", "beforeSeq must be an integer from 1 to 9007199254740991"],
    ["from=yesterday", "a time must be a date and time of RFC 3339, with Z or an offset"],
    ["actor=a%7Cb", "zid must not hold control characters or |"],
    [Array.from({ length: 33 }, (_, index) => `type=t${index}`).join("&"), "too many types (>32)"],
  ])("refuses ?%s", async (query, error) => {
    const { status, json } = await vault().send("GET", `/api/zsc/log?${query}`);
    expect([status, json]).toEqual([400, { ok: false, error: error.replace("zid", "actor") }]);
  });

  test("is for admins only", async () => {
    const token = await vault().token("caller", "ZEQ-1");
    expect((await vault().sendBare("GET", "/api/zsc/log", { token })).status).toBe(403);
    expect((await vault().sendBare("GET", "/api/zsc/log")).status).toBe(401);
  });

  describe("names that a caller may read", () => {
    const list = async (zid: string, request: object) => {
      const token = await vault().token("caller", zid);
      return await client.call(ZeqContext.method.listNames, request, { token });
    };

    test("are its own and those that were granted to it, and no other", async () => {
      const prefix = `${freshName("names")}/`;
      await setSecret(vault(), { name: `${prefix}own`, boundZid: "ZEQ-N1" });
      await setSecret(vault(), { name: `${prefix}granted`, boundZid: "ZEQ-N2", permissions: ["ZEQ-N1"] });
      await setSecret(vault(), { name: `${prefix}other`, boundZid: "ZEQ-N2", permissions: ["ZEQ-N11"] });
      expect((await list("ZEQ-N1", { prefix })).message).toMatchObject({ names: [`${prefix}granted`, `${prefix}own`] });
      expect((await list("ZEQ-N3", { prefix })).message?.names).toEqual([]);
      const first = await list("ZEQ-N1", { prefix, pageSize: 1 });
      expect(first.message?.names).toEqual([`${prefix}granted`]);
      const pageToken = first.message?.nextPageToken ?? "";
      const second = await list("ZEQ-N1", { prefix, pageSize: 1, pageToken });
      expect(second.message).toMatchObject({ names: [`${prefix}own`] });
      expect(second.message?.nextPageToken).toBeUndefined();
      const moved = await list("ZEQ-N1", { prefix: prefix.slice(0, -1), pageToken });
      expect(moved.failure).toMatchObject({
        code: "INVALID_ARGUMENT",
        message: "pageToken is of other filters or another order",
      });
      const [row] = (await log("type=caller_names&limit=1")).rows;
      expect(row).toMatchObject({ actorZid: "ZEQ-N1", name: "*" });
    });

    test("want a prefix, and a caller's token", async () => {
      expect((await list("ZEQ-N1", { prefix: "" })).failure).toMatchObject({
        code: "INVALID_ARGUMENT",
        message: "prefix required",
      });
      expect((await list("ZEQ-N1", { prefix: "a", pageSize: 1_001 })).failure).toMatchObject({
        message: "pageSize must be from 1 to 1000",
      });
      const token = await vault().token("admin", admin);
      expect((await client.call(ZeqContext.method.listNames, { prefix: "a" }, { token })).failure).toMatchObject({
        code: "PERMISSION_DENIED",
        reason: "FORBIDDEN",
      });
    });
  });
}
