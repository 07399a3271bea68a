import { closeVaults, databaseKinds } from "../support/vault.ts";
import { type Api, openApi, type Person } from "./support.ts";

afterAll(closeVaults);

describe.each(databaseKinds)("when a key was used last, on %s,", (database) => {
  let api: Api;
  beforeAll(async () => {
    api = await openApi(database);
  });
  afterAll(() => api.vault.close());

  /** Of a moment that is kept to the Zeqond, which is 777 ms. */
  const isNow = (text: string) => Math.abs(Date.parse(text) - Date.now()) < 20_000;
  const counted = async (origin: string) =>
    (await api.vault.sql(`SELECT read_count FROM audit_origin WHERE origin_id = '${origin}'`)).flat();
  const keysOf = async (person: Person) => (await person.ask("GET", "/v1/auth/api-keys")).body.keys;

  test("a key that was not used has no time, and one that was has its last one", async () => {
    const { body } = await api.ann.ask("POST", "/v1/auth/api-keys", { body: { name: "ci" } });
    expect((await keysOf(api.ann))[1]).not.toHaveProperty("last_used_at");
    const ci = api.as(api.ann.id, body.api_key);
    expect((await ci.ask("GET", "/v1/auth/me")).status).toBe(200);
    const used = (await keysOf(api.ann))[1].last_used_at;
    expect(isNow(used)).toBe(true);
    await ci.ask("GET", "/v1/vaults");
    expect((await keysOf(api.ann))[1].last_used_at).toBe(used);
    expect(await counted(`api_key:${body.key.id}`)).toEqual(["1"]);
    const before = await api.vault.sql(`SELECT last_seq FROM audit_origin WHERE origin_id = 'api_key:${body.key.id}'`);
    await api.vault.sql(
      `UPDATE audit_origin SET last_read_zeqond = last_read_zeqond - 78 WHERE origin_id = 'api_key:${body.key.id}'`,
    );
    await Promise.all(Array.from({ length: 20 }, () => ci.ask("GET", "/v1/vaults/no-uuid")));
    await Promise.all(Array.from({ length: 20 }, () => ci.ask("GET", "/v1/vaults")));
    expect(await counted(`api_key:${body.key.id}`)).toEqual(["2"]);
    expect(await api.vault.sql(`SELECT last_seq FROM audit_origin WHERE origin_id = 'api_key:${body.key.id}'`)).toEqual(
      before,
    );
  });

  test("a token counts for the key that it was made from, and a refused call counts, too", async () => {
    const { body } = await api.ann.ask("POST", "/v1/auth/api-keys", { body: { name: "exchanged" } });
    const exchanged = await api.ask("POST", "/v1/auth/api-key-token", { body: { api_key: body.api_key } });
    const refused = await api.as("", exchanged.body.access_token).ask("GET", `/v1/vaults/${body.key.id}`);
    expect(refused.status).toBe(404);
    expect(isNow((await keysOf(api.ann)).at(-1).last_used_at)).toBe(true);
  });

  test("an agent is active with its first call, and an update of it keeps the time", async () => {
    const { body } = await api.ann.ask("POST", "/v1/agents", { body: { name: "agent" } });
    const path = `/v1/agents/${body.agent.id}`;
    const { body: exchanged } = await api.ask("POST", "/v1/auth/agent-token", { body: { api_key: body.api_key } });
    expect((await api.ann.ask("GET", path)).body).not.toHaveProperty("last_active_at");
    await api.as("", exchanged.access_token).ask("GET", "/v1/agents/me");
    const { last_active_at: active } = (await api.ann.ask("GET", path)).body;
    expect(isNow(active)).toBe(true);
    expect((await api.ann.ask("PATCH", path, { body: { name: "renamed" } })).body.last_active_at).toBe(active);
    expect((await api.ann.ask("GET", "/v1/agents")).body.agents[0].last_active_at).toBe(active);
    expect(await api.vault.verify()).toMatchObject({ code: 0 });
  });
});
