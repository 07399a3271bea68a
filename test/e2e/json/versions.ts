import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { grpcJsClient } from "../support/rpc-clients.ts";
import { metadataOf, newSecret } from "../support/secrets.ts";
import { admin, type Vault } from "../support/vault.ts";

/** Changes under a condition, people.md section 9, "Versions". */
export function versions(vault: () => Vault): void {
  const etag = async (name: string) => (await vault().send("GET", `/api/zsc/info/${name}`)).headers["etag"];
  const set = (body: object, headers = {}) => vault().send("POST", "/api/zsc/set", { headers, body });

  test("info and set show the version as ETag and nowhere else, and every change but a read moves it", async () => {
    const name = await newSecret(vault());
    expect(await etag(name)).toBe('"1"');
    expect(await metadataOf(vault(), name)).not.toHaveProperty("version");
    const updated = await set({ name, value: "2" });
    expect([updated.headers["etag"], updated.json]).toEqual(['"2"', { ok: true, name }]);
    for (const [path, body] of [
      ["rotate", {}],
      ["grant", { zid: "ZEQ-1" }],
      ["revoke", { zid: "ZEQ-1" }],
    ] as const) {
      expect((await vault().send("POST", `/api/zsc/${path}/${name}`, { body })).status).toBe(200);
    }
    expect(await etag(name)).toBe('"5"');
  });

  const changes = [
    ["set", (name: string) => ["POST", "/api/zsc/set", { name, value: "new" }]],
    ["rotate", (name: string) => ["POST", `/api/zsc/rotate/${name}`, undefined]],
    ["grant", (name: string) => ["POST", `/api/zsc/grant/${name}`, { zid: "ZEQ-1" }]],
    ["revoke", (name: string) => ["POST", `/api/zsc/revoke/${name}`, { zid: "ZEQ-1" }]],
    ["delete", (name: string) => ["DELETE", `/api/zsc/${name}`, undefined]],
  ] as const;

  test.each(changes)("%s happens at the version that is named, and at no other", async (call, requestOf) => {
    const name = await newSecret(vault());
    const [method, path, body] = requestOf(name) as ["POST", string, object | undefined];
    const sent = body === undefined ? {} : { body };
    const late = await vault().send(method, path, { ...sent, headers: { "if-match": '"2"' } });
    expect([late.status, late.json]).toEqual([
      412,
      { ok: false, error: "CONFLICT", detail: "the secret is of version 1" },
    ]);
    expect(late.headers["zsc-receipt"]).toMatch(/^\d+\.[0-9a-f]{64}$/);
    const [type, purpose, payload = ""] =
      (
        await vault().sql(
          "SELECT transition_type, proof_purpose, payload_json FROM audit_log ORDER BY seq DESC LIMIT 1",
        )
      )[0] ?? [];
    expect([type, purpose]).toEqual(["secret_denied", "conflict"]);
    expect(JSON.parse(payload)).toMatchObject({ name, purpose: call, reason: "conflict" });
    expect(await etag(name)).toBe('"1"');
    expect((await vault().send(method, path, { ...sent, headers: { "if-match": '"1"' } })).status).toBe(200);
  });

  test("a set with If-None-Match: * creates, and overwrites nothing", async () => {
    const name = await newSecret(vault());
    const fresh = `${name}-fresh`;
    const headers = { "if-none-match": "*" };
    expect(await set({ name, value: "other" }, headers)).toMatchObject({
      status: 412,
      json: { ok: false, error: "CONFLICT", detail: "there is a secret of that name" },
    });
    expect(await set({ name: fresh, value: "v" }, headers)).toMatchObject({ status: 200 });
    expect((await set({ name: `${name}-none`, value: "v" }, { "if-match": '"1"' })).json).toEqual({
      ok: false,
      error: "CONFLICT",
      detail: "there is no secret of that name",
    });
  });

  test("of twenty writers that saw the same version, one wins", async () => {
    const name = await newSecret(vault());
    const writers = Array.from({ length: 20 }, (_, index) => set({ name, value: `v${index}` }, { "if-match": '"1"' }));
    const statuses = (await Promise.all(writers)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 412)).toHaveLength(19);
    const creators = Array.from({ length: 20 }, () =>
      set({ name: `${name}-new`, value: "v" }, { "if-none-match": "*" }),
    );
    expect((await Promise.all(creators)).filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test.each([
    [{ "if-match": "3" }, 'If-Match must be a version in quotes, such as "3"'],
    [{ "if-match": "*" }, 'If-Match must be a version in quotes, such as "3"'],
    [{ "if-match": 'W/"1"' }, 'If-Match must be a version in quotes, such as "3"'],
    [{ "if-match": '"0"' }, 'If-Match must be a version in quotes, such as "3"'],
    [{ "if-match": '"1", "2"' }, 'If-Match must be a version in quotes, such as "3"'],
    [{ "if-match": "" }, 'If-Match must be a version in quotes, such as "3"'],
    [{ "if-none-match": '"1"' }, "If-None-Match must be *"],
    [{ "if-match": '"1"', "if-none-match": "*" }, "ifVersion and createOnly exclude each other"],
  ])("refuses %j", async (headers, error) => {
    const name = await newSecret(vault());
    expect(await set({ name, value: "v" }, headers)).toMatchObject({ status: 400, json: { ok: false, error } });
    expect(await etag(name)).toBe('"1"');
  });

  test("a grant knows no If-None-Match, and a body's condition does not contradict the header's", async () => {
    const name = await newSecret(vault());
    const grant = (body: object, headers: Record<string, string>) =>
      vault().send("POST", `/api/zsc/grant/${name}`, { body, headers });
    expect((await grant({ zid: "ZEQ-1" }, { "if-none-match": "*" })).json).toMatchObject({
      error: "If-None-Match is for set only",
    });
    expect((await grant({ zid: "ZEQ-1", ifVersion: 1 }, { "if-match": '"1"' })).json).toMatchObject({
      error: "If-Match and ifVersion exclude each other",
    });
    expect((await grant({ zid: "ZEQ-1", ifVersion: 7 }, {})).json).toMatchObject({ error: "CONFLICT" });
  });

  test("gRPC answers FAILED_PRECONDITION with the reason CONFLICT, and no limiter counts it", async () => {
    const client = grpcJsClient(vault());
    const token = await vault().token("admin", admin);
    const name = await newSecret(vault());
    try {
      for (let attempt = 0; attempt < 7; attempt++) {
        expect(await client.call(ZscAdmin.method.rotate, { name, ifVersion: 9n }, { token })).toMatchObject({
          failure: { code: "FAILED_PRECONDITION", reason: "CONFLICT" },
        });
      }
      const created = await client.call(
        ZscAdmin.method.set,
        { name: `${name}-g`, value: "v", createOnly: true },
        { token },
      );
      expect(created).toMatchObject({ message: { version: 1n } });
      const info = await client.call(ZscAdmin.method.info, { name }, { token });
      expect(info).toMatchObject({ message: { secret: { version: 1n } } });
      const zero = await client.call(ZscAdmin.method.delete, { name, ifVersion: 0n }, { token });
      expect(zero).toMatchObject({ failure: { code: "INVALID_ARGUMENT", message: "ifVersion must be at least 1" } });
    } finally {
      client.close();
    }
  });
}
