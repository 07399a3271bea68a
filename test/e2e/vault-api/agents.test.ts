import { randomUUID } from "node:crypto";
import { decodeJwt } from "jose";
import { runOn } from "../../audit/outsider.ts";
import type { Answer, Sent } from "../support/http.ts";
import { closeVaults, databaseKinds, openVault, type Vault } from "../support/vault.ts";
import { runZsc } from "../support/zsc-process.ts";

// Processes begin and end here, on a machine that may have other things to do.
jest.setTimeout(60_000);

/** What of an answer's JSON is looked at here. */
type Json = Readonly<Record<string, unknown>>;

interface Agent {
  readonly id: string;
  readonly key: string;
}

describe.each(databaseKinds)("agents of the vault API, on %s", (database) => {
  let vault: Vault;
  let owner: string;
  let member: string;
  let other: string;

  beforeAll(async () => {
    vault = await openVault({ database, env: { ZSC_RATE_LIMIT: "off", ZSC_AUTH_RATE_LIMIT: "off" } });
    [owner, member, other] = [await newUser("owner"), await newUser("member"), await newUser("member")];
  }, 120_000);
  afterAll(closeVaults, 60_000);

  async function newUser(role: string): Promise<string> {
    const email = `${randomUUID()}@example.test`;
    const made = await runZsc(["user", "create", email, "--role", role, "--json"], vault.env);
    return JSON.parse(made.stdout).api_key;
  }

  const call = (method: string, path: string, token?: string, body?: unknown): Promise<Answer> => {
    const sent: Sent = { ...(token === undefined ? {} : { token }), ...(body === undefined ? {} : { body }) };
    return vault.sendBare(method, `/v1${path}`, { ...sent, headers: { "content-type": "application/json" } });
  };
  const json = (answer: Answer) => answer.json as Json;
  const statusOf = async (...sent: Parameters<typeof call>) => (await call(...sent)).status;

  async function newAgent(settings: object = {}, token = member): Promise<Agent> {
    const made = await call("POST", "/agents", token, { name: "worker", ...settings });
    expect(made.status).toBe(201);
    const { agent, api_key } = made.json as { agent: { id: string }; api_key: string };
    return { id: agent.id, key: api_key };
  }

  const exchange = (key: string, id?: string) =>
    call("POST", "/auth/agent-token", undefined, { api_key: key, ...(id === undefined ? {} : { agent_id: id }) });
  const tokenOf = async ({ key, id }: Agent): Promise<string> => String(json(await exchange(key, id))["access_token"]);

  async function newVault(token = member): Promise<string> {
    const made = await call("POST", "/vaults", token, { name: randomUUID(), description: "" });
    expect(made.status).toBe(201);
    expect(await typeOf(made.receipt)).toBe("vault.create");
    return String(json(made)["id"]);
  }

  const grant = (vaultId: string, agentId: string, pattern = "**", permissions = ["read"]) =>
    call("POST", `/vaults/${vaultId}/policies`, member, {
      ...{ secret_path_pattern: pattern, principal_type: "agent", principal_id: agentId, permissions },
    });
  const put = (vaultId: string, path: string, token = member) =>
    call("PUT", `/vaults/${vaultId}/secrets/${path}`, token, { value: "x" });
  const read = (vaultId: string, path: string, token: string) =>
    statusOf("GET", `/vaults/${vaultId}/secrets/${path}`, token);

  const eventsOf = async (id: string) =>
    (await vault.sql(`SELECT transition_type FROM audit_log WHERE origin_id = 'agent:${id}' ORDER BY seq`)).flat();

  const typeOf = async (receipt = "") =>
    (await vault.sql(`SELECT transition_type FROM audit_log WHERE seq = ${receipt.split(".")[0]}`)).flat()[0];

  test("an agent has the fields of its kind, and nothing that was not given", async () => {
    const made = await call("POST", "/agents", member, { name: "worker" });
    expect(made.status).toBe(201);
    expect(made.receipt).toMatch(/^\d+\.[0-9a-f]{64}$/);
    expect(made.headers["cache-control"]).toBe("no-store");
    const { agent, api_key, ...rest } = json(made);
    expect(rest).toEqual({});
    expect(api_key).toMatch(/^ocv_[A-Za-z0-9_-]{43}$/);
    expect(agent).toEqual({
      ...{ id: expect.any(String), name: "worker", auth_method: "api_key", scopes: [], vault_ids: [] },
      ...{ is_active: true, intents_api_enabled: false, shroud_enabled: false, created_at: expect.any(String) },
    });
  });

  test("an agent keeps what it was given", async () => {
    const vaultId = randomUUID();
    const given = {
      ...{ description: "builds", scopes: ["ci/**"], vault_ids: [vaultId.toUpperCase()], token_ttl_seconds: 61 },
      ...{ expires_at: "2099-12-31T23:59:59Z", api_key_expires_at: "2099-01-01T00:00:00Z" },
    };
    const { id } = await newAgent(given);
    const found = json(await call("GET", `/agents/${id}`, other));
    expect(found).toMatchObject({ ...given, id, vault_ids: [vaultId] });
  });

  test.each([
    ["a name of no characters", { name: "" }],
    ["a name of 256", { name: "n".repeat(256) }],
    ["a TTL of 60 s", { token_ttl_seconds: 60 }],
    ["a TTL over a day", { token_ttl_seconds: 86_401 }],
    ["a TTL with a fraction", { token_ttl_seconds: 61.5 }],
    ["a vault that is no UUID", { vault_ids: ["mine"] }],
    ["a scope that is no pattern", { scopes: ["a b"] }],
    ["scopes that are no list", { scopes: "ci/**" }],
    ["another way to authenticate", { auth_method: "mtls" }],
    ["an expiry that is no date", { expires_at: "tomorrow" }],
  ])("refuses %s", async (_what, settings) => {
    const { id } = await newAgent();
    expect(await statusOf("POST", "/agents", member, { name: "worker", ...settings })).toBe(400);
    if (!("auth_method" in settings)) {
      expect(await statusOf("PATCH", `/agents/${id}`, member, settings)).toBe(400);
    }
  });

  test.each<[string, string, unknown]>([
    ["scopes", "scopes", "ci/**"],
    ["scopes", "scopes", { names: ["ci/**"] }],
    ["scopes", "scopes", ["ci/**", 1]],
    ["vaults", "vault_ids", 7],
    ["vaults", "vault_ids", [null]],
  ])("names the list that is none, here of %s (%#)", async (_what, field, given) => {
    const { id } = await newAgent();
    for (const [method, path] of [
      ["POST", "/agents"],
      ["PATCH", `/agents/${id}`],
    ] as const) {
      const { status, json: body } = await call(method, path, member, { name: "worker", [field]: given });
      expect([status, body]).toEqual([
        400,
        expect.objectContaining({ detail: `${field} must be an array of strings` }),
      ]);
    }
  });

  test("names the list of permissions that is none", async () => {
    const vaultId = await newVault();
    const { id } = json(await grant(vaultId, randomUUID())) as { id: string };
    for (const permissions of ["read", ["read", 1], { names: [] }, true]) {
      const { status, json: body } = await call("PUT", `/vaults/${vaultId}/policies/${id}`, member, { permissions });
      expect([status, body]).toEqual([
        400,
        expect.objectContaining({ detail: "permissions must be an array of strings" }),
      ]);
    }
  });

  test("the answer names agent and vaults only to who does not name the agent", async () => {
    const vaultId = randomUUID();
    const agent = await newAgent({ vault_ids: [vaultId] });
    const plain = { access_token: expect.any(String), token_type: "Bearer", expires_in: 3_600 };
    expect(json(await exchange(agent.key, agent.id.toUpperCase()))).toEqual(plain);
    expect(json(await exchange(agent.key))).toEqual({ ...plain, agent_id: agent.id, vault_ids: [vaultId] });
    const unbound = await newAgent();
    expect(json(await exchange(unbound.key))).toEqual({ ...plain, agent_id: unbound.id, vault_ids: [] });
    const byOtherRoute = await call("POST", "/auth/api-key-token", "stale", { api_key: agent.key });
    expect(byOtherRoute).toMatchObject({ status: 200, headers: { "cache-control": "no-store" } });
    expect(await typeOf(byOtherRoute.receipt)).toBe("auth.success");
    expect(json(byOtherRoute)).toEqual(plain);
  });

  test("a token says whose it is, and lives as long as its agent says", async () => {
    const agent = await newAgent({ scopes: ["ci/**"], token_ttl_seconds: 120 });
    const answer = json(await exchange(agent.key, agent.id));
    expect(answer["expires_in"]).toBe(120);
    const claims = decodeJwt(String(answer["access_token"]));
    expect(claims).toMatchObject({ sub: `agent:${agent.id}`, scopes: ["ci/**"], vault_ids: [] });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(120);
  });

  test("a token is no longer than a header may be, whatever its agent was given", async () => {
    const scopes = Array.from({ length: 100 }, (_, index) => `${"s".repeat(140)}/${index}`);
    const agent = await newAgent({ scopes, vault_ids: Array.from({ length: 100 }, () => randomUUID()) });
    expect(await statusOf("GET", "/agents/me", await tokenOf(agent))).toBe(200);
  });

  test("refuses every key that does not count, with one answer", async () => {
    const [agent, second] = [await newAgent(), await newAgent()];
    const past = "2020-01-01T00:00:00Z";
    const expired = await newAgent({ expires_at: past });
    const keyExpired = await newAgent({ api_key_expires_at: past });
    const inactive = await newAgent();
    await call("PATCH", `/agents/${inactive.id}`, member, { is_active: false });
    const answers = [
      await exchange(agent.key, second.id),
      await exchange(agent.key, randomUUID()),
      await exchange(`${agent.key.slice(0, -1)}${agent.key.endsWith("A") ? "E" : "A"}`),
      await exchange("ocv_"),
      await exchange(member),
      await exchange(expired.key),
      await exchange(keyExpired.key, keyExpired.id),
      await exchange(inactive.key),
      await call("POST", "/auth/api-key-token", undefined, { api_key: inactive.key }),
    ];
    for (const { status, json: body, receipt } of answers) {
      expect(status).toBe(401);
      expect(await typeOf(receipt)).toBe("auth.failure");
      expect(body).toEqual({
        ...{ type: "about:blank", title: "Unauthorized", status: 401, detail: "Invalid credentials" },
      });
    }
    expect(await statusOf("POST", "/auth/agent-token", undefined, {})).toBe(400);
    expect((await exchange(agent.key, "me")).status).toBe(400);
    expect(await statusOf("GET", "/agents/me", agent.key)).toBe(401);
  });

  test("a policy lets an agent read, and its scopes are the ceiling", async () => {
    const vaultId = await newVault();
    await put(vaultId, "ci/token");
    await put(vaultId, "prod/db");
    const agent = await newAgent();
    const token = await tokenOf(agent);
    expect(await read(vaultId, "ci/token", token)).toBe(403);
    await grant(vaultId, agent.id);
    expect(await read(vaultId, "ci/token", token)).toBe(200);
    await call("PATCH", `/agents/${agent.id}`, member, { scopes: ["ci/**"] });
    expect(await read(vaultId, "ci/token", token)).toBe(200);
    const refused = await call("GET", `/vaults/${vaultId}/secrets/prod/db`, token);
    expect(refused).toMatchObject({ status: 403, json: { detail: "Token scopes do not cover this path" } });
    await call("PATCH", `/agents/${agent.id}`, member, { scopes: null });
    expect(await read(vaultId, "prod/db", token)).toBe(200);
  });

  test("an agent that is bound to vaults sees no other, from the next call on", async () => {
    const [one, two] = [await newVault(), await newVault()];
    const agent = await newAgent({ vault_ids: [one] });
    const token = await tokenOf(agent);
    for (const vaultId of [one, two]) {
      await put(vaultId, "a");
      await grant(vaultId, agent.id);
    }
    const visible = async () =>
      (json(await call("GET", "/vaults", token))["vaults"] as { id: string }[]).map(({ id }) => id);
    expect([await read(one, "a", token), await read(two, "a", token)]).toEqual([200, 403]);
    expect(await visible()).toEqual([one]);
    await call("PATCH", `/agents/${agent.id}`, member, { vault_ids: [two] });
    expect([await read(one, "a", token), await read(two, "a", token)]).toEqual([403, 200]);
    await call("PATCH", `/agents/${agent.id}`, member, { vault_ids: [] });
    expect(await visible()).toEqual([one, two]);
  });

  test("another key kills the one before, and every token that was made from that", async () => {
    const agent = await newAgent();
    const token = await tokenOf(agent);
    expect(await statusOf("GET", "/agents/me", token)).toBe(200);
    const rotated = await call("POST", `/agents/${agent.id}/rotate-key`, member);
    expect(rotated).toMatchObject({ status: 200, headers: { "cache-control": "no-store" } });
    const { api_key, ...rest } = json(rotated) as Readonly<Record<string, string>>;
    expect(rest).toEqual({});
    expect(await statusOf("GET", "/agents/me", token)).toBe(401);
    expect((await exchange(agent.key)).status).toBe(401);
    const fresh = await tokenOf({ id: agent.id, key: api_key as string });
    expect(await statusOf("GET", "/agents/me", fresh)).toBe(200);
  });

  test("a deleted agent stays visible, and its tokens are dead", async () => {
    const agent = await newAgent();
    const token = await tokenOf(agent);
    expect(await statusOf("DELETE", `/agents/${agent.id}`, member)).toBe(204);
    expect(await statusOf("GET", "/agents/me", token)).toBe(401);
    expect(await statusOf("DELETE", `/agents/${agent.id}`, member)).toBe(204);
    expect(json(await call("GET", `/agents/${agent.id}`, member))["is_active"]).toBe(false);
    const listed = json(await call("GET", "/agents", other))["agents"] as { id: string }[];
    expect(listed.map(({ id }) => id)).toContain(agent.id);
    expect(await statusOf("DELETE", `/agents/${randomUUID()}`, owner)).toBe(404);
  });

  test("a change of an agent leaves what is absent, and null clears", async () => {
    const given = { description: "builds", scopes: ["ci/**"], vault_ids: [randomUUID()], token_ttl_seconds: 90 };
    const times = { expires_at: "2099-12-31T23:59:59Z", api_key_expires_at: "2099-01-01T00:00:00Z" };
    const { id } = await newAgent({ ...given, ...times });
    const renamed = await call("PATCH", `/agents/${id}`, member, { name: "builder" });
    expect(renamed.status).toBe(200);
    expect(json(renamed)).toMatchObject({ ...given, ...times, name: "builder" });
    const none = Object.fromEntries(Object.keys({ ...given, ...times }).map((field) => [field, null]));
    const cleared = json(await call("PATCH", `/agents/${id}`, member, { ...none, name: null, is_active: null }));
    expect(cleared).toEqual({
      ...{ id, name: "builder", auth_method: "api_key", scopes: [], vault_ids: [], is_active: true },
      ...{ intents_api_enabled: false, shroud_enabled: false, created_at: expect.any(String) },
    });
  });

  test("a token dies when its agent or its key expires, and lives again when they do not", async () => {
    const agent = await newAgent();
    const token = await tokenOf(agent);
    for (const field of ["expires_at", "api_key_expires_at"]) {
      await call("PATCH", `/agents/${agent.id}`, member, { [field]: "2020-01-01T00:00:00Z" });
      expect(await statusOf("GET", "/agents/me", token)).toBe(401);
      await call("PATCH", `/agents/${agent.id}`, member, { [field]: null });
      expect(await statusOf("GET", "/agents/me", token)).toBe(200);
    }
  });

  test("an agent is managed by who made it, by owners and admins, and by nobody else", async () => {
    const { id } = await newAgent({}, member);
    const mine = await tokenOf(await newAgent({}, member));
    const own = await newAgent({}, member);
    const self = await tokenOf(own);
    const manage = async (agentId: string, token: string) => [
      await statusOf("PATCH", `/agents/${agentId}`, token, { name: "other" }),
      await statusOf("POST", `/agents/${agentId}/rotate-key`, token),
      await statusOf("DELETE", `/agents/${agentId}`, token),
    ];
    expect(await manage(id, other)).toEqual([403, 403, 403]);
    expect(await manage(id, mine)).toEqual([403, 403, 403]);
    expect(await manage(randomUUID(), mine)).toEqual([403, 403, 403]);
    expect(await manage(own.id, self)).toEqual([403, 403, 403]);
    expect(await manage(randomUUID(), other)).toEqual([404, 404, 404]);
    const admin = await newUser("admin");
    for (const manager of [member, admin, owner]) {
      expect(await manage((await newAgent({}, member)).id, manager)).toEqual([200, 200, 204]);
    }
  });

  test("an agent sees itself and no other, and makes none", async () => {
    const [agent, second] = [await newAgent({ description: "d" }), await newAgent()];
    const token = await tokenOf(agent);
    expect(await statusOf("GET", `/agents/${agent.id}`, token)).toBe(200);
    expect(await statusOf("GET", `/agents/${second.id}`, token)).toBe(403);
    expect(await statusOf("GET", `/agents/${randomUUID()}`, token)).toBe(403);
    expect(json(await call("GET", "/agents", token))["agents"]).toMatchObject([{ id: agent.id }]);
    expect(await statusOf("POST", "/agents", token, { name: "child" })).toBe(403);
    expect(await statusOf("GET", "/auth/me", token)).toBe(403);
    expect(await statusOf("GET", "/agents/me", member)).toBe(403);
    const me = json(await call("GET", "/agents/me", token));
    const orgId = decodeJwt(token)["org"];
    const creator = (await vault.sql(`SELECT created_by FROM person WHERE sub = 'agent:${agent.id}'`)).flat()[0];
    expect(me).toEqual({
      ...{ id: agent.id, name: "worker", description: "d", org_id: orgId, scopes: [], is_active: true },
      ...{ intents_api_enabled: false, shroud_enabled: false, created_at: expect.any(String) },
      created_by: String(creator).slice("user:".length),
    });
  });

  test("a signed-out token of an agent is dead, and another is not", async () => {
    const agent = await newAgent();
    const [token, second] = [await tokenOf(agent), await tokenOf(agent)];
    expect(await statusOf("DELETE", "/auth/token", token)).toBe(204);
    expect(await statusOf("GET", "/agents/me", token)).toBe(401);
    expect(await statusOf("GET", "/agents/me", second)).toBe(200);
  });

  test("a key with scopes makes no agent that reaches further, and takes no other's key", async () => {
    const limited = async (scopes: readonly string[]) =>
      String(json(await call("POST", "/auth/api-keys", member, { name: "limited", scopes }))["api_key"]);
    const key = await limited(["ci/**", "prod/db"]);
    const scopesOf = async (scopes?: readonly string[]) =>
      json(await call("POST", "/agents", key, { name: "worker", scopes }))["agent"];
    expect(await scopesOf()).toMatchObject({ scopes: ["ci/**", "prod/db"] });
    expect(await scopesOf(["prod/db"])).toMatchObject({ scopes: ["prod/db"] });
    for (const scopes of [["*"], ["prod/**"], ["vaults:read"]]) {
      expect(await statusOf("POST", "/agents", key, { name: "worker", scopes })).toBe(403);
    }
    const { id } = await newAgent();
    expect(await statusOf("PATCH", `/agents/${id}`, key, { scopes: [] })).toBe(403);
    expect(await statusOf("POST", `/agents/${id}/rotate-key`, key)).toBe(403);
    expect(await statusOf("PATCH", `/agents/${id}`, await limited(["*", "agents:write"]), { name: "n" })).toBe(200);
    expect(await statusOf("DELETE", `/agents/${id}`, key)).toBe(204);
  });

  test("an agent owns the vaults that it makes, and who made the agent may use them", async () => {
    const agent = await newAgent();
    const token = await tokenOf(agent);
    const vaultId = await newVault(token);
    const found = json(await call("GET", `/vaults/${vaultId}`, token));
    expect(found).toMatchObject({ created_by: agent.id, created_by_type: "agent" });
    expect((await put(vaultId, "a/b", token)).status).toBe(201);
    expect(await read(vaultId, "a/b", member)).toBe(200);
    expect((await put(vaultId, "a/b", member)).status).toBe(201);
    expect(await statusOf("DELETE", `/vaults/${vaultId}/secrets/a/b`, member)).toBe(204);
    expect(await statusOf("DELETE", `/vaults/${vaultId}`, member)).toBe(403);
    expect(await read(vaultId, "a/b", other)).toBe(403);
    const policies = json(await call("GET", `/vaults/${vaultId}/policies`, token))["policies"];
    expect(policies).toMatchObject([
      { secret_path_pattern: "**", principal_type: "user", permissions: ["read", "write", "delete"] },
    ]);
  });

  test("every call is an event, refused ones included", async () => {
    const agent = await newAgent();
    const token = await tokenOf(agent);
    await exchange(agent.key, randomUUID());
    await call("GET", `/agents/${agent.id}`, other);
    await call("GET", "/agents/me", token);
    await call("PATCH", `/agents/${agent.id}`, member, { name: "n" });
    await call("PATCH", `/agents/${agent.id}`, other, { name: "n" });
    await call("POST", `/agents/${agent.id}/rotate-key`, member);
    await call("DELETE", `/agents/${agent.id}`, member);
    await call("DELETE", `/agents/${agent.id}`, member);
    expect(await eventsOf(agent.id)).toEqual([
      ...["agent.register", "auth.success", "auth.failure", "agent.read", "agent.read", "agent.update"],
      ...["agent.denied", "agent.rotate_key", "agent.deactivate", "agent.deactivate"],
    ]);
    const listed = await call("GET", "/agents", member);
    expect(await typeOf(listed.receipt)).toBe("agent.list");
    const log = await vault.sql("SELECT payload_json FROM audit_log");
    expect(log.flat().filter((payload) => payload.includes("ocv_") || payload.includes(token))).toEqual([]);
  });

  test("a verifier without our code finds the log of all that whole", async () => {
    expect(await runOn(vault.databaseUrl, [])).toMatchObject({ code: 0, stderr: "" });
  });

  test("what an agent had when it was deactivated stays dead when it is active again", async () => {
    for (const deactivate of [
      (id: string) => call("DELETE", `/agents/${id}`, member),
      (id: string) => call("PATCH", `/agents/${id}`, member, { is_active: false }),
    ]) {
      const agent = await newAgent();
      const token = await tokenOf(agent);
      expect(await statusOf("GET", "/agents/me", token)).toBe(200);
      expect((await deactivate(agent.id)).status).toBeLessThan(300);
      expect(await statusOf("PATCH", `/agents/${agent.id}`, member, { is_active: true })).toBe(200);
      expect(await statusOf("GET", "/agents/me", token)).toBe(401);
      expect(await statusOf("GET", "/agents/me", await tokenOf(agent))).toBe(200);
    }
  });

  test("the log vouches for agents, and names one that was altered by hand", async () => {
    const personal = json(await call("POST", "/auth/api-keys", member, { name: "k" }))["key"] as { id: string };
    expect(await statusOf("DELETE", `/auth/api-keys/${personal.id}`, member)).toBe(204);
    expect(await statusOf("DELETE", `/auth/api-keys/${personal.id}`, member)).toBe(204);
    expect(await vault.verify()).toMatchObject({ code: 0 });
    const [inactive, limited] = [await newAgent(), await newAgent({ scopes: ["ci/**"] })];
    await call("DELETE", `/agents/${inactive.id}`, member);
    const alter = (id: string, assignment: string) =>
      vault.sql(`UPDATE person SET ${assignment} WHERE sub = 'agent:${id}'`);
    await alter(inactive.id, "is_active = 1");
    await alter(limited.id, "scopes = '[]'");
    const { code, stdout } = await vault.verify();
    expect(code).toBe(1);
    expect(stdout).toContain(`agent:${inactive.id}`);
    expect(stdout).toContain(`agent:${limited.id}`);
    expect((await exchange(inactive.key)).status).toBe(500);
    expect(await statusOf("PATCH", `/agents/${limited.id}`, member, { name: "n" })).toBe(500);
  });
});
