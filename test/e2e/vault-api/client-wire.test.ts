import { closeVaults } from "../support/vault.ts";
import {
  type Client,
  commandLine,
  decodingFaults,
  go,
  type Kind,
  mcpServer,
  type Sent,
  typescript,
} from "./client-wire.ts";
import { type Api, openApi } from "./support.ts";

afterAll(closeVaults);

const clients: readonly (readonly [string, Client])[] = [
  ["the client in TypeScript", typescript],
  ["the client in Go", go],
  ["the command line", commandLine],
  ["the MCP server", mcpServer],
];
const unknownId = "00000000-0000-4000-8000-000000000000";
const expires_at = "2999-12-31T23:59:59Z";

describe.each(clients)("what %s sends is answered as it reads it:", (name, client) => {
  let api: Api;
  let token: string;
  let vault: string;
  let base: string;
  const isGo = client === go;

  beforeAll(async () => {
    api = await openApi("SQLite");
    token = (
      await ask({ method: "POST", path: "/v1/auth/api-key-token", body: { api_key: api.ann.key } }, 200, "Token")
    ).access_token;
    const made = { name, ...(isGo ? {} : { description: "" }) };
    vault = (await ask({ method: "POST", path: "/v1/vaults", body: made }, 201, "Vault")).id;
    base = `/v1/vaults/${vault}`;
  });
  afterAll(() => api.vault.close());

  /** The body of an answer with that status; `of` names its field that holds what is decoded, or a list of it. */
  // biome-ignore lint/suspicious/noExplicitAny: as the API gives it
  async function ask(sent: Sent, status: number, kind?: Kind, of?: string): Promise<any> {
    const received = await client(api.vault.port, { ...(token === undefined ? {} : { token }), ...sent });
    const what = `${sent.method} ${sent.path}: ${received.text.slice(0, 200)}`;
    expect([received.status, what]).toEqual([status, what]);
    if (status === 204) {
      expect([received.text, received.header["content-type"]]).toEqual(["", undefined]);
      return undefined;
    }
    // The client in Go decodes nothing else.
    expect(received.header["content-type"]).toMatch(/^application\/([^;]+\+)?json(;|$)/);
    const body = JSON.parse(received.text);
    if (status >= 400) {
      expect([Object.keys(body).sort(), body.status]).toEqual([["detail", "status", "title", "type"], status]);
      expect(body.detail).not.toBe("");
    } else if (kind !== undefined) {
      const all = of === undefined ? [body] : [body[of]].flat();
      expect(all.flatMap((each) => decodingFaults(kind, each))).toEqual([]);
      expect(all.length).toBeGreaterThan(0);
    }
    return body;
  }

  test("vaults", async () => {
    await ask({ method: "GET", path: base }, 200, "Vault");
    await ask({ method: "GET", path: "/v1/vaults" }, 200, "Vault", "vaults");
    await ask({ method: "POST", path: "/v1/vaults", body: { name } }, 409);
    await ask({ method: "POST", path: "/v1/vaults", body: { name: "" } }, 400);
    await ask({ method: "GET", path: `/v1/vaults/${unknownId}` }, 404);
    const { id } = await ask({ method: "POST", path: "/v1/vaults", body: { name: "short", description: "d" } }, 201);
    await ask({ method: "DELETE", path: `/v1/vaults/${id}` }, 204);
    await ask({ method: "DELETE", path: `/v1/vaults/${id}` }, 404);
  });

  test("secrets", async () => {
    const path = `${base}/secrets/api-keys/openai`;
    const plain = isGo ? { value: "v" } : { type: "generic", value: "v" };
    expect((await ask({ method: "PUT", path, body: plain }, 201, "SecretMetadata")).path).toBe("api-keys/openai");
    const full = {
      type: "api_key",
      value: "w",
      metadata: { a: 1 },
      expires_at,
      rotation_policy: {},
      max_access_count: 1,
    };
    const put = await ask({ method: "PUT", path, body: full }, 201, "SecretMetadata");
    expect([put.version, put.expires_at]).toEqual([2, expires_at]);
    const got = await ask({ method: "GET", path }, 200, "Secret");
    expect([got.value, got.path, got.created_by]).toEqual(["w", "api-keys/openai", `user:${api.ann.id}`]);
    await ask({ method: "GET", path }, 410);
    await ask({ method: "GET", path: `${base}/secrets` }, 200, "SecretMetadata", "secrets");
    await ask({ method: "GET", path: `${base}/secrets?prefix=api-keys%2F` }, 200, "SecretMetadata", "secrets");
    await ask({ method: "GET", path: `${base}/secrets/none` }, 404);
    await ask({ method: "PUT", path: `${base}/secrets/a.b`, body: plain }, 400);
    await ask({ method: "DELETE", path }, 204);
    await ask({ method: "DELETE", path }, 404);
    await ask({ method: "GET", path }, 410);
  });

  test("versions, with posts that have no body", async () => {
    await ask({ method: "PUT", path: `${base}/secrets/versions/one`, body: { value: "v" } }, 201);
    const path = "versions/one";
    const rotated = await ask(
      { method: "POST", path: `${base}/secret-rotate/${path}`, body: {} },
      201,
      "SecretMetadata",
    );
    expect(rotated.version).toBe(2);
    await ask({ method: "POST", path: `${base}/secret-rotate/${path}` }, 201, "SecretMetadata");
    await ask({ method: "GET", path: `${base}/secret-versions/${path}` }, 200, "SecretMetadata", "versions");
    await ask({ method: "GET", path: `${base}/secret-version/${path}/2` }, 200, "Secret");
    await ask({ method: "POST", path: `${base}/secret-version-disable/${path}/2` }, 204);
    await ask({ method: "GET", path: `${base}/secret-version/${path}/2` }, 410);
  });

  test("agents, their keys and tokens, and policies about them", async () => {
    const flags = isGo ? { intents_api_enabled: false, shroud_enabled: false } : {};
    const body = { name: "worker", ...flags };
    const { agent, api_key } = await ask({ method: "POST", path: "/v1/agents", body }, 201, "Agent", "agent");
    const path = `/v1/agents/${agent.id}`;
    await ask({ method: "GET", path }, 200, "Agent");
    await ask({ method: "GET", path: "/v1/agents" }, 200, "Agent", "agents");
    await ask(
      { method: "PATCH", path, body: { name: "other", scopes: ["a/**"], token_ttl_seconds: 600 } },
      200,
      "Agent",
    );
    await ask({ method: "GET", path: `/v1/agents/${unknownId}` }, 404);
    const exchange = { method: "POST", path: "/v1/auth/agent-token", body: { agent_id: agent.id, api_key } };
    const { access_token } = await ask(exchange, 200, "Token");
    await ask({ method: "GET", path: "/v1/agents/me" }, 403);
    expect((await ask({ method: "GET", path: "/v1/agents/me", token: access_token }, 200)).id).toBe(agent.id);
    await ask({ method: "GET", path: `${base}/secrets/none`, token: access_token }, 403);
    const grant = { secret_path_pattern: "**", principal_type: "agent", principal_id: agent.id, permissions: ["read"] };
    const defaults = isGo ? {} : { policy_schema_version: 1, effect: "allow", priority: 0 };
    const policies = `${base}/policies`;
    const { id } = await ask({ method: "POST", path: policies, body: { ...grant, ...defaults } }, 201, "Policy");
    await ask({ method: "GET", path: policies }, 200, "Policy", "policies");
    await ask({ method: "PUT", path: `${policies}/${id}`, body: {} }, 200, "Policy");
    await ask({ method: "PUT", path: `${policies}/${id}`, body: { conditions: {}, expires_at } }, 200, "Policy");
    await ask({ method: "POST", path: policies, body: { ...grant, permissions: [] } }, 400);
    await ask({ method: "DELETE", path: `${policies}/${id}` }, 204);
    await ask({ method: "DELETE", path: `${policies}/${id}` }, 404);
    expect(Object.keys(await ask({ method: "POST", path: `${path}/rotate-key` }, 200))).toEqual(["api_key"]);
    await ask({ method: "GET", path: "/v1/agents/me", token: access_token }, 401);
    await ask({ method: "DELETE", path }, 204);
    await ask({ method: "GET", path }, 200, "Agent");
  });

  test("personal keys, the profile, the log and the end of a session", async () => {
    const { key } = await ask({ method: "POST", path: "/v1/auth/api-keys", body: { name: "ci" } }, 201);
    await ask({ method: "GET", path: "/v1/auth/api-keys" }, 200);
    await ask({ method: "DELETE", path: `/v1/auth/api-keys/${key.id}` }, 204);
    await ask({ method: "GET", path: "/v1/auth/me" }, 200);
    const filters = `resource_id=${vault}&from=2026-01-01T00%3A00%3A00.123456789%2B01%3A00&limit=2&offset=0`;
    expect((await ask({ method: "GET", path: `/v1/audit/events?${filters}` }, 200)).count).toBe(2);
    expect((await ask({ method: "GET", path: "/v1/audit/verify" }, 200)).chain_valid).toBe(true);
    const exchange = { method: "POST", path: "/v1/auth/api-key-token", body: { api_key: api.ann.key } };
    await ask({ ...exchange, token: "a.stale.token" }, 200, "Token");
    const { access_token: other } = await ask(exchange, 200, "Token");
    await ask({ method: "DELETE", path: "/v1/auth/token", token: other }, 204);
    await ask({ method: "GET", path: "/v1/auth/me", token: other }, 401);
  });
});
