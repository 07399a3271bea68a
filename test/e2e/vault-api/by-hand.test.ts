import { closeVaults, databaseKinds } from "../support/vault.ts";
import { type Api, newVault, openApi, type Person, problem } from "./support.ts";

jest.setTimeout(90_000);

afterAll(closeVaults);

describe.each(databaseKinds)("what is changed by hand in the tables, on %s,", (database) => {
  let api: Api;
  let ann: Person;
  let base: string;

  beforeAll(async () => {
    api = await openApi(database);
    ({ ann } = api);
    ({ base } = await newVault(ann, "by hand"));
    for (const value of ["one", "two"]) {
      await ann.ask("PUT", `${base}/secrets/prod/db`, { body: { value, metadata: { team: "a" } } });
    }
    const grant = { principal_type: "user", principal_id: ann.id, permissions: ["read"] };
    await ann.ask("POST", `${base}/policies`, { body: { ...grant, secret_path_pattern: "prod/*" } });
    await ann.ask("POST", "/v1/agents", { body: { name: "worker" } });
  });
  afterAll(() => api.vault.close());

  test.each<[string, string, (base: string) => string]>([
    ["a vault", "vault SET description = 'x'", () => "/v1/vaults"],
    ["a policy", "policy SET pattern = 'prod/db'", (of) => `${of}/policies`],
    ["an agent", "person SET name = 'x'", () => "/v1/agents"],
    ["a key", "api_key SET name = 'x'", () => "/v1/auth/api-keys"],
    ["a secret", `vault_secret SET metadata = '{"team":"b"}'`, (of) => `${of}/secrets`],
    ["the newest version", `vault_secret SET metadata = '{"team":"b"}'`, (of) => `${of}/secret-versions/prod/db`],
    ["an older version", `vault_version SET metadata = '{"team":"b"}'`, (of) => `${of}/secret-versions/prod/db`],
  ])("is in no list: %s", async (_what, change, pathOf) => {
    const path = pathOf(base);
    expect((await ann.ask("GET", path)).status).toBe(200);
    const table = change.split(" ")[0] ?? "";
    const where = table === "person" ? " WHERE sub LIKE 'agent:%'" : "";
    await api.vault.sql(`CREATE TABLE kept AS SELECT * FROM ${table}`);
    await api.vault.sql(`UPDATE ${change}${where}`);
    const answer = await ann.ask("GET", path);
    await api.vault.sql(`DELETE FROM ${table}`);
    await api.vault.sql(`INSERT INTO ${table} SELECT * FROM kept`);
    await api.vault.sql("DROP TABLE kept");
    expect(answer).toMatchObject(problem(500, "Internal Server Error", "An unexpected error occurred"));
    expect((await ann.ask("GET", path)).status).toBe(200);
  });

  test("makes no signed-out token good again without being named", async () => {
    const { body } = await api.ask("POST", "/v1/auth/api-key-token", { body: { api_key: ann.key } });
    const session = api.as(ann.id, body.access_token);
    expect((await session.ask("DELETE", "/v1/auth/token")).status).toBe(204);
    expect((await session.ask("GET", "/v1/vaults")).status).toBe(401);
    expect(await api.vault.verify()).toMatchObject({ code: 0 });
    await api.vault.sql("DELETE FROM revoked_token");
    const { code, stdout } = await api.vault.verify();
    expect([code, stdout]).toEqual([1, expect.stringContaining("signed out, and it still counts")]);
  });
});

describe.each(databaseKinds)("lists of secrets, on %s,", (database) => {
  test("begin at their prefix and end with it, as text", async () => {
    const { vault, ann } = await openApi(database);
    const { base } = await newVault(ann, "prefixes");
    const paths = ["A", "a", "a-b", "a/b", "a/b/c", "a0", "a_", "ab", "b"];
    for (const path of [...paths].reverse()) {
      expect((await ann.ask("PUT", `${base}/secrets/${path}`, { body: { value: path } })).status).toBe(201);
    }
    for (const prefix of ["", "a", "a/", "a/b", "A", "a_", "b", "c", "/", "a%", "a\u{10ffff}", "á"]) {
      const { status, body } = await ann.ask("GET", `${base}/secrets?prefix=${encodeURIComponent(prefix)}`);
      expect(status).toBe(200);
      const found = (body.secrets ?? []).map(({ path }: { readonly path: string }) => path);
      expect([prefix, found]).toEqual([prefix, paths.filter((path) => path.startsWith(prefix)).toSorted()]);
    }
    await vault.close();
  });
});
