import { readFileSync } from "node:fs";
import { closeVaults, databaseKinds } from "../support/vault.ts";
import { type Api, newVault, openApi, type Person, problem } from "./support.ts";

afterAll(closeVaults);

describe.each(databaseKinds)("who may do what in a vault, on %s,", (database) => {
  let api: Api;
  let bob: Person;
  let base: string;

  beforeAll(async () => {
    api = await openApi(database);
    bob = await api.person("bob@example.com");
    ({ base } = await newVault(api.ann, "access"));
    for (const path of ["api-keys/a", "api-keys/a/b", "prod/db"]) {
      await api.ann.ask("PUT", `${base}/secrets/${path}`, { body: { value: `value of ${path}` } });
    }
  });
  afterAll(() => api.vault.close());

  const grant = async (fields: object) => {
    const { status, body } = await api.ann.ask("POST", `${base}/policies`, {
      body: {
        principal_type: "user",
        principal_id: bob.id,
        permissions: ["read"],
        policy_schema_version: 1,
        ...fields,
      },
    });
    expect(status).toBe(201);
    return body;
  };
  const statusOf = async (path: string, method = "GET") =>
    (await bob.ask(method, `${base}/secrets/${path}`, method === "PUT" ? { body: { value: "b" } } : {})).status;
  const revokeAll = async () => {
    const { body } = await api.ann.ask("GET", `${base}/policies`);
    for (const { id } of body.policies) {
      expect((await api.ann.ask("DELETE", `${base}/policies/${id}`)).status).toBe(204);
    }
  };
  afterEach(revokeAll);

  test("without a grant, existing and missing paths look alike, and so do they in time and headers", async () => {
    const [there, missing] = [
      await bob.ask("GET", `${base}/secrets/prod/db`),
      await bob.ask("GET", `${base}/secrets/prod/no`),
    ];
    expect([there.status, there.body]).toEqual([missing.status, missing.body]);
    expect(there).toMatchObject(problem(403, "Forbidden", "Insufficient permissions"));
    expect([...there.headers.keys()]).toEqual([...missing.headers.keys()]);
    for (const [method, path] of [
      ["PUT", "secrets/prod/db"],
      ["DELETE", "secrets/prod/db"],
      ["GET", "secret-versions/prod/db"],
      ["GET", "secret-version/prod/db/1"],
      ["POST", "secret-version-disable/prod/db/1"],
      ["POST", "secret-rotate/prod/db"],
      ["GET", "policies"],
      ["GET", ""],
    ] as const) {
      const asking = method === "PUT" ? { body: { value: "v" } } : {};
      expect((await bob.ask(method, `${base}/${path}`.replace(/\/$/, ""), asking)).status).toBe(403);
    }
    expect((await bob.ask("DELETE", base)).status).toBe(403);
    expect((await bob.ask("GET", `${base}/secrets`)).body).toEqual({ secrets: [] });
    expect((await bob.ask("GET", "/v1/vaults")).body).toEqual({ vaults: [] });
    expect((await bob.ask("GET", "/v1/vaults/00000000-0000-4000-8000-000000000000")).status).toBe(404);
  });

  test("a policy has exactly its keys, opens what it matches, and ends with the next call", async () => {
    const policy = await grant({ secret_path_pattern: "api-keys/*", effect: "allow", priority: 0 });
    expect(policy).toEqual({
      ...{ id: expect.any(String), vault_id: base.split("/").at(-1), secret_path_pattern: "api-keys/*" },
      ...{ principal_type: "user", principal_id: bob.id, permissions: ["read"], conditions: {} },
      ...{ created_by: api.ann.id, created_by_type: "user", created_at: expect.any(String) },
    });
    expect([await statusOf("api-keys/a"), await statusOf("api-keys/a/b"), await statusOf("api-keys/none")]).toEqual([
      200, 403, 404,
    ]);
    expect((await bob.ask("GET", `${base}/secrets`)).body.secrets.map(({ path }: { path: string }) => path)).toEqual([
      "api-keys/a",
    ]);
    expect((await bob.ask("GET", "/v1/vaults")).body.vaults).toHaveLength(1);
    expect(await statusOf("api-keys/a", "PUT")).toBe(403);
    await api.ann.ask("DELETE", `${base}/policies/${policy.id}`);
    expect(await statusOf("api-keys/a")).toBe(403);
    expect((await api.ann.ask("DELETE", `${base}/policies/${policy.id}`)).status).toBe(404);
  });

  test("the highest priority decides, and deny before allow", async () => {
    await grant({ secret_path_pattern: "**" });
    const deny = await grant({ secret_path_pattern: "prod/**", effect: "deny" });
    expect([await statusOf("prod/db"), await statusOf("api-keys/a/b")]).toEqual([403, 200]);
    await grant({ secret_path_pattern: "prod/db", priority: 7 });
    expect(await statusOf("prod/db")).toBe(200);
    const changed = await api.ann.ask("PUT", `${base}/policies/${deny.id}`, { body: { priority: 9 } });
    expect(changed.body).toMatchObject({ effect: "deny", priority: 9 });
    expect(await statusOf("prod/db")).toBe(403);
    const cleared = await api.ann.ask("PUT", `${base}/policies/${deny.id}`, { body: { priority: null, effect: null } });
    expect([cleared.body.effect, cleared.body.priority]).toEqual([undefined, undefined]);
    expect(await statusOf("prod/db")).toBe(200);
  });

  test("conditions and expiry are looked at in each call", async () => {
    await grant({ secret_path_pattern: "**", conditions: { ip_allowlist: ["10.0.0.0/8"] } });
    expect(await statusOf("prod/db")).toBe(403);
    const here = await grant({ secret_path_pattern: "**", conditions: { ip_allowlist: ["127.0.0.1"] } });
    expect(await statusOf("prod/db")).toBe(200);
    await api.ann.ask("PUT", `${base}/policies/${here.id}`, { body: { expires_at: "2020-01-01T00:00:00Z" } });
    expect(await statusOf("prod/db")).toBe(403);
    await api.ann.ask("PUT", `${base}/policies/${here.id}`, { body: { expires_at: null } });
    expect(await statusOf("prod/db")).toBe(200);
  });

  test.each([
    [{ permissions: [] }],
    [{ permissions: ["own"] }],
    [{ secret_path_pattern: "" }],
    [{ secret_path_pattern: "a*" }],
    [{ principal_type: "group" }],
    [{ principal_id: "x" }],
    [{ effect: "maybe" }],
    [{ priority: -1 }],
    [{ priority: "1" }],
    [{ conditions: { environment_in: ["prod"] } }],
    [{ conditions: { ip_allowlist: [] } }],
    [{ conditions: { time_window: { after: "10:00", before: "10:00" } } }],
    [{ conditions: [] }],
    [{ consensus_trigger: { a: 1 } }],
    [{ tx_conditions: ["x"] }],
    [{ expires_at: "never" }],
  ])("the policy %j is 400", async (fields) => {
    const body = {
      ...{ secret_path_pattern: "**", principal_type: "user", principal_id: bob.id, permissions: ["read"] },
      ...fields,
    };
    expect(await api.ann.ask("POST", `${base}/policies`, { body })).toMatchObject(problem(400, "Bad Request"));
  });

  test.each([[{ consensus_trigger: { a: 1 } }], [{ tx_conditions: ["x"] }], [{ attribute_conditions: { a: 1 } }]])(
    "a change of a policy by %j is 400, and not left undone in silence",
    async (fields) => {
      const policy = await grant({ secret_path_pattern: "**" });
      const change = (body: object) => api.ann.ask("PUT", `${base}/policies/${policy.id}`, { body });
      expect(await change(fields)).toMatchObject(problem(400, "Bad Request"));
      const empty = Object.fromEntries(Object.keys(fields).map((name) => [name, {}]));
      expect((await change(empty)).body).toEqual(policy);
    },
  );

  test("write, rotate and delete need their permissions", async () => {
    await grant({ secret_path_pattern: "own/**", permissions: ["write"] });
    expect([await statusOf("own/a", "PUT"), await statusOf("own/a"), await statusOf("own/a", "DELETE")]).toEqual([
      201, 403, 204,
    ]);
    await revokeAll();
    await grant({ secret_path_pattern: "own/**", permissions: ["rotate", "delete"] });
    expect(await statusOf("own/a", "PUT")).toBe(403);
    await api.ann.ask("PUT", `${base}/secrets/own/a`, { body: { value: "v" } });
    expect((await bob.ask("POST", `${base}/secret-rotate/own/a`)).status).toBe(201);
    expect(await statusOf("own/a", "DELETE")).toBe(204);
  });

  test("a token dies with its key and by signing out, and neither surface takes the other's", async () => {
    const exchanged = await api.ask("POST", "/v1/auth/api-key-token", {
      body: { api_key: bob.key },
      headers: { authorization: "Bearer stale" },
    });
    expect(exchanged.body).toEqual({ access_token: expect.any(String), token_type: "Bearer", expires_in: 900 });
    const session = api.as(bob.id, exchanged.body.access_token);
    expect((await session.ask("GET", "/v1/auth/me")).body).toMatchObject({
      id: bob.id,
      email: "bob@example.com",
      role: "member",
    });
    expect((await session.ask("DELETE", "/v1/auth/token")).status).toBe(204);
    expect((await session.ask("GET", "/v1/auth/me")).status).toBe(401);
    expect((await bob.ask("DELETE", "/v1/auth/token")).status).toBe(400);
    const made = await bob.ask("POST", "/v1/auth/api-keys", { body: { name: "ci" } });
    expect(made.status).toBe(201);
    const second = (await api.ask("POST", "/v1/auth/api-key-token", { body: { api_key: made.body.api_key } })).body;
    const ci = api.as(bob.id, second.access_token);
    const raw = api.as(bob.id, made.body.api_key);
    expect([(await ci.ask("GET", "/v1/auth/me")).status, (await raw.ask("GET", "/v1/auth/me")).status]).toEqual([
      200, 200,
    ]);
    expect((await api.ann.ask("DELETE", `/v1/auth/api-keys/${made.body.key.id}`)).status).toBe(404);
    expect((await bob.ask("DELETE", `/v1/auth/api-keys/${made.body.key.id}`)).status).toBe(204);
    expect((await bob.ask("DELETE", `/v1/auth/api-keys/${made.body.key.id}`)).status).toBe(204);
    expect([(await ci.ask("GET", "/v1/auth/me")).status, (await raw.ask("GET", "/v1/auth/me")).status]).toEqual([
      401, 401,
    ]);
    expect((await api.ask("POST", "/v1/auth/api-key-token", { body: { api_key: made.body.api_key } })).status).toBe(
      401,
    );
    expect((await bob.ask("GET", "/api/zsc/list")).status).toBe(401);
    const hs256 = api.as("x", await api.vault.token("admin", "ZEQ-1"));
    expect(await hs256.ask("GET", "/v1/vaults")).toMatchObject(problem(401, "Unauthorized"));
    for (const credential of [
      "x",
      `${bob.key}x`,
      bob.key.slice(0, -1),
      "ocv_".padEnd(47, "a"),
      `${second.access_token}x`,
    ]) {
      expect((await api.as("x", credential).ask("GET", "/v1/vaults")).status).toBe(401);
    }
    const none = await api.ask("GET", "/v1/vaults");
    expect([none.status, none.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
  });

  test("a key with scopes reaches no further, and makes none that does", async () => {
    const { id: own } = await newVault(bob, "of bob");
    const { id: other } = await newVault(api.ann, "shared");
    await api.ann.ask("POST", `/v1/vaults/${other}/policies`, {
      body: { secret_path_pattern: "**", principal_type: "user", principal_id: bob.id, permissions: ["read", "write"] },
    });
    const made = await bob.ask("POST", "/v1/auth/api-keys", { body: { name: "narrow", scopes: ["ci/**"] } });
    const narrow = api.as(bob.id, made.body.api_key);
    const put = (vault: string, path: string) =>
      narrow.ask("PUT", `/v1/vaults/${vault}/secrets/${path}`, { body: { value: "v" } });
    expect([(await put(other, "ci/a")).status, (await put(other, "prod")).status]).toEqual([201, 403]);
    expect((await put(other, "prod")).body.detail).toBe("Token scopes do not cover this path");
    const more = await narrow.ask("POST", "/v1/auth/api-keys", { body: { name: "wide" } });
    expect(more.body.key.scopes).toEqual(["ci/**"]);
    const long = { name: "long", scopes: Array.from({ length: 17 }, () => `x:${"y".repeat(1_000)}`) };
    expect(await bob.ask("POST", "/v1/auth/api-keys", { body: long })).toMatchObject(problem(400, "Bad Request"));
    // A vault of his own, too (contract 1claw.md, D12).
    expect([(await put(own, "ci/a")).status, (await put(own, "prod")).status]).toEqual([201, 403]);
    await bob.ask("PUT", `/v1/vaults/${own}/secrets/prod`, { body: { value: "v" } });
    expect((await narrow.ask("GET", `/v1/vaults/${own}/secrets/prod`)).status).toBe(403);
    const { body: listed } = await narrow.ask("GET", `/v1/vaults/${own}/secrets`);
    expect(listed.secrets.map(({ path }: { readonly path: string }) => path)).toEqual(["ci/a"]);
    expect((await narrow.ask("GET", `/v1/vaults/${own}`)).status).toBe(200);
    for (const [method, path] of [
      ["DELETE", `/v1/vaults/${own}`],
      ["GET", `/v1/vaults/${own}/policies`],
    ] as const) {
      expect(await narrow.ask(method, path)).toMatchObject(
        problem(403, "Forbidden", "Token scopes do not cover this vault"),
      );
    }
  });

  test("an exchange of a key names the client's address, also one that is refused", async () => {
    const made = await api.ann.ask("POST", "/v1/agents", { body: { name: "exchanging" } });
    const exchanges = [
      ["api-key-token", bob.key, 200],
      ["api-key-token", "1ck_".padEnd(47, "x"), 401],
      ["api-key-token", "no key", 401],
      ["agent-token", made.body.api_key, 200],
      ["agent-token", "ocv_".padEnd(47, "x"), 401],
      ["agent-token", "no key", 401],
    ] as const;
    for (const [route, api_key, status] of exchanges) {
      const answer = await api.ask("POST", `/v1/auth/${route}`, { body: { api_key } });
      expect([route, api_key, answer.status]).toEqual([route, api_key, status]);
      const [[payload]] = (await api.vault.sql(
        "SELECT payload_json FROM audit_log WHERE transition_type LIKE 'auth.%' ORDER BY seq DESC LIMIT 1",
      )) as [[string]];
      expect(JSON.parse(payload)).toMatchObject({ ip_address: "127.0.0.1" });
    }
  });

  test("the tables grant nothing to who writes them, and verification names what was changed", async () => {
    const policy = await grant({ secret_path_pattern: "api-keys/a" });
    expect(await api.vault.verify()).toMatchObject({ code: 0 });
    const altered = async (statement: string, undo: string) => {
      await api.vault.sql(statement);
      const answer = await bob.ask("GET", `${base}/secrets/prod/db`);
      expect(answer.status).toBeGreaterThanOrEqual(401);
      expect(JSON.stringify(answer.body)).not.toContain("value of");
      const verified = await api.vault.verify();
      expect([verified.code, verified.stdout]).toEqual([1, expect.stringContaining("BROKEN")]);
      await api.vault.sql(undo);
      expect(await api.vault.verify()).toMatchObject({ code: 0 });
    };
    await altered(
      `UPDATE policy SET pattern = '**' WHERE id = '${policy.id}'`,
      `UPDATE policy SET pattern = 'api-keys/a' WHERE id = '${policy.id}'`,
    );
    const vaultId = base.split("/").at(-1);
    await altered(
      `UPDATE vault SET created_by = 'user:${bob.id}' WHERE id = '${vaultId}'`,
      `UPDATE vault SET created_by = 'user:${api.ann.id}' WHERE id = '${vaultId}'`,
    );
    await altered(
      `UPDATE vault_secret SET place = '${vaultId}/api-keys/z' WHERE place = '${vaultId}/prod/db'`,
      `UPDATE vault_secret SET place = '${vaultId}/prod/db' WHERE place = '${vaultId}/api-keys/z'`,
    );
    await altered(
      `UPDATE person SET role = 'owner' WHERE sub = 'user:${bob.id}'`,
      `UPDATE person SET role = 'member' WHERE sub = 'user:${bob.id}'`,
    );
  }, 120_000);

  test("no value, key or token is in the log or in the database", async () => {
    await api.ann.ask("PUT", `${base}/secrets/canary`, { body: { value: "CANARY-5b1f", metadata: { note: "seen" } } });
    await api.ann.ask("GET", `${base}/secrets/canary`);
    const { body } = await api.ask("POST", "/v1/auth/api-key-token", { body: { api_key: api.ann.key } });
    await api.as(api.ann.id, body.access_token).ask("GET", `${base}/secrets/canary`);
    const secrets = ["CANARY-5b1f", api.ann.key, body.access_token];
    const log = api.vault.process.stdout();
    expect(log).toContain("SecretService/GetSecret");
    const { databaseUrl } = api.vault;
    const stored = databaseUrl.startsWith("sqlite:")
      ? ["", "-wal"].map((suffix) => readFileSync(databaseUrl.slice("sqlite:".length) + suffix, "latin1")).join("")
      : JSON.stringify(await api.vault.sql("SELECT payload_json FROM audit_log"));
    expect(stored).toContain("canary");
    for (const secret of secrets) {
      expect(log).not.toContain(secret);
      expect(stored).not.toContain(secret);
    }
  });
});

describe("limits of /v1", () => {
  test("an address that calls too often is told when to try again, and sign-ins are fewer", async () => {
    const api = await openApi("SQLite", { ZSC_RATE_LIMIT: "1/20", ZSC_AUTH_RATE_LIMIT: "1/3" });
    const signIns = await Promise.all(
      Array.from({ length: 8 }, () => api.ask("POST", "/v1/auth/api-key-token", { body: { api_key: "x" } })),
    );
    expect(signIns.map(({ status }) => status).sort()).toEqual([401, 401, 401, 429, 429, 429, 429, 429]);
    const all = await Promise.all(Array.from({ length: 30 }, () => api.ann.ask("GET", "/v1/vaults")));
    const refused = all.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(15);
    expect(refused[0]).toMatchObject(problem(429, "Too Many Requests"));
    expect(refused[0]?.headers.get("retry-after")).toMatch(/^[1-9][0-9]*$/);
    // The other surface is not touched, and a stranger's word for his address counts for nothing.
    expect((await api.vault.send("GET", "/api/zsc/list")).status).toBe(200);
    const headers = { "x-forwarded-for": "203.0.113.9" };
    expect((await api.ann.ask("GET", "/v1/vaults", { headers })).status).toBe(429);
    await api.vault.close();
  });

  test("behind a trusted proxy, conditions and events are about the client's address", async () => {
    const api = await openApi("SQLite", { ZSC_TRUSTED_PROXIES: "127.0.0.1" });
    const bob = await api.person("bob@example.com");
    const { base } = await newVault(api.ann, "proxied");
    await api.ann.ask("PUT", `${base}/secrets/a`, { body: { value: "v" } });
    const grant = async (effect: string, pattern: string, ip: string) => {
      const principal = { principal_type: "user", principal_id: bob.id };
      const said = { secret_path_pattern: pattern, permissions: ["read"], effect, conditions: { ip_allowlist: [ip] } };
      const { status } = await api.ann.ask("POST", `${base}/policies`, { body: { ...principal, ...said } });
      expect(status).toBe(201);
    };
    const readFrom = async (forwarded: string) =>
      (await bob.ask("GET", `${base}/secrets/a`, { headers: { "x-forwarded-for": forwarded } })).status;
    await grant("allow", "a", "127.0.0.1");
    expect(await readFrom("203.0.113.9")).toBe(403);
    await grant("allow", "**", "203.0.113.0/24");
    expect(await readFrom("203.0.113.9")).toBe(200);
    // What is left of the proxy's own word is the client's.
    expect(await readFrom("203.0.113.9, 198.51.100.7")).toBe(403);
    await grant("deny", "**", "203.0.113.9");
    expect([await readFrom("203.0.113.9"), await readFrom("203.0.113.10")]).toEqual([403, 200]);
    await grant("allow", "a", "127.0.0.0/8");
    for (const unreadable of ["203.0.113.9:1234", "unknown", "203.0.113.10,"]) {
      expect(await readFrom(unreadable)).toBe(403);
    }
    expect(await readFrom("203.0.113.10")).toBe(200);
    const rows = await api.vault.sql("SELECT payload_json FROM audit_log ORDER BY seq DESC LIMIT 1");
    expect(JSON.parse(String(rows[0]?.[0]))).toMatchObject({ ip_address: "203.0.113.10" });
    await api.vault.close();
  });

  test("unknown routes and methods are problems, too", async () => {
    const api = await openApi("SQLite");
    expect(await api.ask("GET", "/v1/nowhere")).toMatchObject(problem(404, "Not Found"));
    const wrong = await api.ask("PATCH", "/v1/vaults");
    expect(wrong).toMatchObject(problem(405, "Method Not Allowed"));
    expect(wrong.headers.get("allow")).toBe("POST, GET");
    expect((await api.ask("GET", "/v1/health")).body).toEqual({ status: "healthy", version: expect.any(String) });
    const { body } = await api.ask("GET", "/.well-known/jwks.json");
    const { body: raw } = await api.ask("GET", "/v1/auth/jwt-public-key");
    expect(Buffer.from(body.keys[0].x, "base64url").toString("base64")).toBe(raw.public_key_base64);
    await api.vault.close();
  });
});
