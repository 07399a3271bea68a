import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { grpcJsClient, type RpcClient } from "../support/rpc-clients.ts";
import { nowZeqond, setSecret } from "../support/secrets.ts";
import { admin, type Vault } from "../support/vault.ts";

interface Listed {
  readonly count: number;
  readonly secrets: readonly { readonly name: string }[];
  readonly nextPageToken?: string;
  readonly total?: unknown;
}

/** Filters and orders of lists, people.md section 9, "List". */
export function listFilters(vault: () => Vault): void {
  let client: RpcClient;
  let token = "";
  beforeAll(async () => {
    client = grpcJsClient(vault());
    token = await vault().token("admin", admin);
    const past = nowZeqond() - 5;
    const fields = [
      { name: "f/one", purposeTag: "Billing", boundZid: "ZEQ-F1", expiresZeqond: null },
      {
        name: "f/TWO",
        purposeTag: "billing",
        boundZid: "ZEQ-F2",
        permissions: ["ZEQ-F1", 'ZEQ-"F"'],
        expiresZeqond: 9e9,
      },
      { name: "f/three", boundZid: "ZEQ-F3", permissions: ["ZEQ-F11"], expiresZeqond: 8e9 },
      { name: "F/four", boundZid: "ZEQ-F1", expiresZeqond: 7e9 },
      { name: "f/über", boundZid: "ZEQ-F4", expiresZeqond: past },
    ];
    for (const each of fields) {
      await setSecret(vault(), each);
    }
    const reader = await vault().token("caller", "ZEQ-F1");
    for (const name of ["f/TWO", "f/one", "f/TWO"]) {
      expect(await client.call(ZeqContext.method.read, { name }, { token: reader })).toHaveProperty("message");
    }
  });
  afterAll(() => client?.close());

  const list = async (query: string): Promise<Listed> => {
    const answer = await vault().send("GET", `/api/zsc/list?${query}`);
    expect([answer.status, answer.text.slice(0, 300)]).toEqual([200, expect.anything()]);
    return answer.json as Listed;
  };
  const names = async (query: string) => (await list(query)).secrets.map(({ name }) => name);

  test.each([
    ["prefix=f/", ["f/TWO", "f/one", "f/three", "f/über"]],
    ["prefix=f/t", ["f/three"]],
    ["contains=F/&prefix=f/&contains=T", ["f/TWO", "f/three"]],
    ["contains=F%2FT", ["f/TWO", "f/three"]],
    ["contains=%2F%C3%BC", ["f/über"]],
    // A to Z only: nothing else has another case here.
    ["contains=%2F%C3%9C", []],
    ["purposeTag=Billing", ["f/one"]],
    ["boundZid=ZEQ-F1", ["F/four", "f/one"]],
    ["readerZid=ZEQ-F1", ["F/four", "f/TWO", "f/one"]],
    ["readerZid=ZEQ-%22F%22", ["f/TWO"]],
    ["readerZid=ZEQ-F", []],
    ["prefix=f/&due=true", ["f/über"]],
    ["prefix=f/&neverRead=true", ["f/three", "f/über"]],
    ["prefix=f/&orderBy=read_count&descending=true", ["f/TWO", "f/one", "f/three", "f/über"]],
    ["prefix=f/&orderBy=last_read_zeqond", ["f/three", "f/über", "f/one", "f/TWO"]],
    ["prefix=f/&orderBy=expires_zeqond", ["f/über", "f/three", "f/TWO", "f/one"]],
    ["prefix=f/&orderBy=updated_at&descending=true", ["f/über", "f/three", "f/TWO", "f/one"]],
    ["prefix=f/&descending=true", ["f/über", "f/three", "f/one", "f/TWO"]],
    [
      "prefix=f/&contains=&purposeTag=&orderBy=name&descending=false&due=false",
      ["f/TWO", "f/one", "f/three", "f/über"],
    ],
    ["prefix=f/%25", []],
  ])("?%s", async (query, expected) => {
    if (query.includes("last_read")) {
      // Reads of one Zeqond are of one time.
      expect((await names(query)).slice(0, 2)).toEqual(expected.slice(0, 2));
      return;
    }
    expect(await names(query)).toEqual(expected);
  });

  test("comes in pages, whose tokens are good with the same filters and the same order only", async () => {
    for (const query of [
      "prefix=f/",
      "prefix=f/&orderBy=read_count&descending=true",
      "prefix=f/&orderBy=expires_zeqond",
    ]) {
      const whole = await names(query);
      const found: string[] = [];
      let page = await list(`${query}&pageSize=1`);
      found.push(...page.secrets.map(({ name }) => name));
      const first = page.nextPageToken ?? "";
      while (page.nextPageToken !== undefined) {
        page = await list(`${query}&pageSize=1&pageToken=${page.nextPageToken}`);
        found.push(...page.secrets.map(({ name }) => name));
      }
      expect(found).toEqual(whole);
      for (const other of [`${query}&due=true`, "prefix=f", `${query}&descending=${!query.includes("desc")}`]) {
        const refused = await vault().send("GET", `/api/zsc/list?${other}&pageToken=${first}`);
        expect(refused.status).toBe(400);
        expect((refused.json as { error: string }).error).toMatch(/^pageToken is /);
      }
    }
  });

  test("gives the total over gRPC, on the first page only, and never over JSON", async () => {
    const request = { prefix: "f/", pageSize: 2 };
    const first = await client.call(ZscAdmin.method.list, request, { token });
    expect(first).toMatchObject({ message: { count: 2, total: 4n } });
    const pageToken = first.message?.nextPageToken ?? "";
    const second = await client.call(ZscAdmin.method.list, { ...request, pageToken }, { token });
    expect(second.message).toMatchObject({ count: 2 });
    expect(second.message?.total).toBeUndefined();
    expect(await list("prefix=f/")).not.toHaveProperty("total");
  });

  test("the row says what was asked for", async () => {
    await list("prefix=f/&due=true&orderBy=read_count&pageSize=3");
    const [[payload = ""] = []] = await vault().sql(
      "SELECT payload_json FROM audit_log WHERE transition_type = 'admin_list' ORDER BY seq DESC LIMIT 1",
    );
    expect(JSON.parse(payload)).toEqual({ page_size: 3, prefix: "f/", due: true, order_by: "read_count" });
  });

  test.each([
    ["orderBy=reads", "orderBy must be name, updated_at, expires_zeqond, last_read_zeqond or read_count"],
    [`prefix=${"x".repeat(256)}`, "prefix too long (>255 bytes)"],
    ["contains=a%7Cb", "contains must not hold control characters or |"],
    [`readerZid=${"x".repeat(129)}`, "readerZid too long (>128 bytes)"],
    ["due=perhaps", "due must be true or false"],
    ["pageToken=AAAA", "pageToken is not one of ours"],
  ])("refuses ?%s", async (query, error) => {
    const { status, json } = await vault().send("GET", `/api/zsc/list?${query}`);
    expect([status, json]).toEqual([400, { ok: false, error }]);
  });
}
