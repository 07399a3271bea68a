import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { closeVaults } from "../support/vault.ts";
import { type Answer, type Api, type Asking, openApi, type Person } from "./support.ts";

afterAll(closeVaults);

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const document = JSON.parse(readFileSync(join("third_party", "1claw", "openapi.json"), "utf8")) as Document;
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(document, "api.json");

const methods = ["get", "put", "post", "patch", "delete"];
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.keys(item)
    .filter((method) => methods.includes(method))
    .map((method) => ({ path, method })),
);
const password = "plum-tractor-velvet-9";

describe("each answer of /v1 against the vendor's OpenAPI document", () => {
  let api: Api;
  const succeeded = new Set<string>();
  beforeAll(async () => {
    api = await openApi("SQLite", { ZSC_SIGNUP: "on" });
  });
  afterAll(() => api.vault.close());

  /** What is wrong with an answer, by the schema of its operation and status, or of a problem. */
  function faultsOf(method: string, path: string, { status, body }: Answer): string {
    const item = document.paths[path]?.[method];
    const { content } = item?.responses[status] ?? {};
    if (status >= 400) {
      const check = ajv.compile({ $ref: "api.json#/components/schemas/ProblemDetails" });
      return check(body) && (body as { readonly status?: unknown }).status === status
        ? ""
        : `no problem: ${JSON.stringify(body)}`;
    }
    succeeded.add(`${method} ${path}`);
    if (content === undefined) {
      return item?.responses[status] !== undefined && (status !== 204 || body === undefined)
        ? ""
        : `${status} is not in it`;
    }
    const [type = ""] = Object.keys(content);
    const pointer = ["paths", path, method, "responses", String(status), "content", type, "schema"];
    const $ref = `api.json#/${pointer.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`;
    const check = ajv.compile({ $ref });
    return check(body) ? "" : ajv.errorsText(check.errors);
  }

  /** Asks, and answers the body of an answer that is as the document says. */
  async function asked(
    who: Pick<Person, "ask"> | Api,
    method: string,
    path: string,
    values: Readonly<Record<string, string>> = {},
    asking: Asking & { readonly query?: string; readonly status?: number } = {},
    // biome-ignore lint/suspicious/noExplicitAny: as the API gives it
  ): Promise<any> {
    const { query = "", status = 0, ...more } = asking;
    const filled = path.replace(/\{(\w+)\}/g, (_all, name: string) => values[name] ?? "");
    const answer = await who.ask(method.toUpperCase(), filled + query, more);
    expect([method, path, answer.status, faultsOf(method, path, answer)]).toEqual([
      ...[method, path, status === 0 ? expect.any(Number) : status, ""],
    ]);
    expect(status !== 0 || answer.status < 300 ? "" : JSON.stringify(answer.body)).toBe("");
    return answer.body;
  }

  test("succeeds as it says, in each operation", async () => {
    const { ann } = api;
    const account = { email: "new@example.com", password };
    await asked(api, "post", "/v1/auth/signup", {}, { body: account });
    const { access_token: token } = await asked(api, "post", "/v1/auth/token", {}, { body: account });
    const user = api.as("", token);
    await asked(user, "get", "/v1/auth/me");
    await asked(user, "patch", "/v1/auth/me", {}, { body: { display_name: "New" } });
    await asked(user, "delete", "/v1/auth/token");
    const again = await asked(api, "post", "/v1/auth/token", {}, { body: account });
    const passwords = { current_password: password, new_password: "seven quiet otters juggle" };
    await asked(api.as("", again.access_token), "post", "/v1/auth/change-password", {}, { body: passwords });
    await asked(api, "post", "/v1/auth/api-key-token", {}, { body: { api_key: ann.key } });
    const expires_at = "2999-12-31T23:59:59Z";
    const { key } = await asked(
      ann,
      "post",
      "/v1/auth/api-keys",
      {},
      { body: { name: "ci", scopes: ["a"], expires_at } },
    );
    await asked(ann, "get", "/v1/auth/api-keys");
    await asked(ann, "delete", "/v1/auth/api-keys/{key_id}", { key_id: key.id });
    await asked(api, "get", "/v1/auth/jwt-public-key");
    await asked(api, "get", "/.well-known/jwks.json");
    await asked(api, "get", "/v1/health");
    await asked(api, "get", "/v1/health/hsm");

    const { id: vault_id } = await asked(ann, "post", "/v1/vaults", {}, { body: { name: "one", description: "" } });
    await asked(ann, "get", "/v1/vaults");
    await asked(ann, "get", "/v1/vaults/{vault_id}", { vault_id });
    const place = { vault_id, path: "a/b", version: "1" };
    const given = { value: "v", metadata: { env: "ci" }, expires_at };
    await asked(ann, "put", "/v1/vaults/{vault_id}/secrets/{path}", place, { body: given });
    await asked(ann, "get", "/v1/vaults/{vault_id}/secrets/{path}", place);
    await asked(ann, "get", "/v1/vaults/{vault_id}/secrets", place);
    await asked(ann, "post", "/v1/vaults/{vault_id}/secret-rotate/{path}", place, { body: {} });
    await asked(ann, "get", "/v1/vaults/{vault_id}/secret-version/{path}/{version}", place);
    await asked(ann, "post", "/v1/vaults/{vault_id}/secret-version-disable/{path}/{version}", place);
    await asked(ann, "get", "/v1/vaults/{vault_id}/secret-versions/{path}", place);

    const settings = { name: "worker", scopes: ["a/*"], vault_ids: [vault_id], token_ttl_seconds: 600, expires_at };
    const { agent, api_key } = await asked(ann, "post", "/v1/agents", {}, { body: settings });
    const exchanged = await asked(api, "post", "/v1/auth/agent-token", {}, { body: { api_key } });
    await asked(api.as("", exchanged.access_token), "get", "/v1/agents/me");
    await asked(ann, "get", "/v1/agents");
    const { id: agent_id } = agent;
    await asked(ann, "get", "/v1/agents/{agent_id}", { agent_id });
    await asked(ann, "patch", "/v1/agents/{agent_id}", { agent_id }, { body: { description: "builds" } });
    const policies = "/v1/vaults/{vault_id}/policies";
    const grant = { secret_path_pattern: "**", principal_type: "agent", principal_id: agent_id, permissions: ["read"] };
    const conditions = { ip_allowlist: ["127.0.0.1"] };
    const body = { ...grant, effect: "deny", priority: 5, conditions, expires_at };
    const { id: policy_id } = await asked(ann, "post", policies, { vault_id }, { body });
    await asked(ann, "get", policies, { vault_id });
    const changes = { body: { permissions: ["write"] } };
    await asked(ann, "put", `${policies}/{policy_id}`, { vault_id, policy_id }, changes);
    await asked(ann, "delete", `${policies}/{policy_id}`, { vault_id, policy_id });
    await asked(ann, "post", "/v1/agents/{agent_id}/rotate-key", { agent_id });
    await asked(ann, "delete", "/v1/agents/{agent_id}", { agent_id });

    await asked(ann, "get", "/v1/audit/events", {}, { query: "?limit=1000" });
    await asked(ann, "get", "/v1/audit/verify");
    await asked(ann, "delete", "/v1/vaults/{vault_id}/secrets/{path}", place);
    await asked(ann, "delete", "/v1/vaults/{vault_id}", { vault_id });
    const all = operations.map(({ method, path }) => `${method} ${path}`).filter((each) => !each.includes("refresh"));
    expect([...succeeded].sort()).toEqual(all.sort());
  }, 60_000);

  test("refuses with a problem, in each operation", async () => {
    const values = { vault_id: "no-uuid", path: "a", version: "1", policy_id: "x", agent_id: "x", key_id: "x" };
    for (const { method, path } of operations.filter(
      ({ path: each }) => each.startsWith("/v1/") && !each.includes("health"),
    )) {
      const isPublic = /signup|token$|refresh|jwt/.test(path) && method !== "delete";
      if (!path.includes("jwt-public-key")) {
        await asked(api, method, path, values, { status: isPublic ? 400 : 401 });
      }
      if (path.includes("{")) {
        await asked(api.ann, method, path, values, {
          status: 400,
          body: {} as unknown,
          ...(method === "get" ? { body: undefined } : {}),
        });
      }
    }
  }, 60_000);
});
