import { closeVaults, databaseKinds } from "../support/vault.ts";
import { type Api, newVault, openApi, type Person, problem, time, uuid } from "./support.ts";

afterAll(closeVaults);

describe.each(databaseKinds)("the audit log of the vault API, on %s,", (database) => {
  let api: Api;
  let bob: Person;
  let agent: Person;
  let shared: { readonly id: string; readonly base: string };

  beforeAll(async () => {
    api = await openApi(database);
    bob = await api.person("bob@example.com");
    shared = await newVault(api.ann, "audited");
    await api.ann.ask("PUT", `${shared.base}/secrets/api-keys/a`, { body: { value: "v" } });
    const made = await api.ann.ask("POST", "/v1/agents", { body: { name: "agent" } });
    const exchanged = await api.ask("POST", "/v1/auth/agent-token", { body: { api_key: made.body.api_key } });
    agent = api.as(made.body.agent.id, exchanged.body.access_token);
  });
  afterAll(() => api.vault.close());

  const events = async (person: Person, query = "", route = "/v1/audit/events") => {
    const { status, body } = await person.ask("GET", `${route}${query}`);
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(["count", "events"]);
    expect(body.count).toBe(body.events.length);
    return body.events;
  };
  const verify = async (query = "", person = api.ann) => {
    const { status, body } = await person.ask("GET", `/v1/audit/verify${query}`);
    expect(status).toBe(200);
    return body;
  };

  test("an event has the fields of the contract, and is a row of the log", async () => {
    const read = await api.ann.ask("GET", `${shared.base}/secrets/api-keys/a`);
    const [event, ...older] = await events(api.ann, `?action=secret.read&resource_id=${read.body.id}`);
    const [seq, rowHash] = String(read.headers.get("zsc-receipt")).split(".");
    const [[before]] = (await api.vault.sql(`SELECT id FROM audit_log WHERE seq = ${Number(seq) - 1}`)) as [[string]];
    const me = await api.ann.ask("GET", "/v1/auth/me");
    expect(older).toEqual([]);
    expect(event).toEqual({
      id: expect.stringMatching(uuid),
      action: "secret.read",
      actor_id: api.ann.id,
      actor_type: "user",
      resource_type: "secret",
      resource_id: read.body.id,
      org_id: me.body.org_id,
      details: { vault_id: shared.id, path: "api-keys/a", version: 1 },
      ip_address: "127.0.0.1",
      created_at: expect.stringMatching(time),
      prev_event_id: before,
      integrity_hash: rowHash,
    });
  });

  test("the newest come first, down to the first one, which has none before it", async () => {
    const all = await events(api.ann, "?limit=1000");
    const [[count]] = (await api.vault.sql("SELECT COUNT(*) FROM audit_log")) as [[string]];
    expect(all).toHaveLength(Number(count));
    expect(all[0].action).toBe("audit.query");
    for (const [index, event] of all.entries()) {
      expect(event.prev_event_id).toBe(all[index + 1]?.id ?? null);
    }
  });

  test("the alias answers the same, and pages go on where the last one ended", async () => {
    const to = new Date().toISOString();
    const whole = await events(api.ann, `?to=${to}&limit=6`, "/v1/audit");
    const pages = [];
    for (const offset of [0, 2, 4]) {
      pages.push(...(await events(api.ann, `?to=${to}&limit=2&offset=${offset}`)));
    }
    expect(pages).toEqual(whole);
    expect(await events(api.ann, `?to=${to}&offset=100000`)).toEqual([]);
  });

  test("filters: a resource by its id, its vault or its path, an actor, an action, a type and a time", async () => {
    const ids = (found: readonly { readonly id: string }[]) => found.map(({ id }) => id);
    const to = `to=${new Date().toISOString()}&limit=1000`;
    const all = await events(api.ann, `?${to}`);
    // biome-ignore lint/suspicious/noExplicitAny: as the API gives it
    const where = (wanted: (event: any) => boolean) => ids(all.filter(wanted));
    const ofVault = where(({ resource_id, details }) => [resource_id, details.vault_id].includes(shared.id));
    expect(ofVault.length).toBeGreaterThan(2);
    expect(ids(await events(api.ann, `?${to}&resource_id=${shared.id}`))).toEqual(ofVault);
    const ofPath = where(({ details }) => details.path === "api-keys/a");
    expect(ids(await events(api.ann, `?${to}&resource_id=api-keys%2Fa`))).toEqual(ofPath);
    expect(await events(api.ann, `?${to}&resource_id=api-keys`)).toEqual([]);
    const ofAgent = where(({ actor_id }) => actor_id === agent.id);
    expect(ofAgent.length).toBeGreaterThan(0);
    expect(ids(await events(api.ann, `?${to}&actor_id=${agent.id}`))).toEqual(ofAgent);
    expect(ids(await events(api.ann, `?${to}&resource_type=agent`))).toEqual(
      where(({ resource_type }) => resource_type === "agent"),
    );
    expect(ids(await events(api.ann, `?${to}&action=vault.create`))).toEqual(
      where(({ action }) => action === "vault.create"),
    );
    const { created_at: moment } = all[3];
    expect(ids(await events(api.ann, `?limit=1000&from=${moment}&to=${moment}`))).toEqual(
      where(({ created_at }) => created_at === moment),
    );
    expect(await events(api.ann, "?to=2020-01-01T00:00:00Z")).toEqual([]);
    expect(await events(api.ann, "?from=2999-01-01T00:00:00%2B02:00")).toEqual([]);
    expect(await events(api.ann, "?action=' OR 1=1 -- &resource_id=%25&actor_id=*")).toEqual([]);
  });

  test("a member sees its own events and those of its vaults, an agent its own, an admin all", async () => {
    const own = await newVault(bob, `of bob`);
    await bob.ask("GET", `${shared.base}/secrets/api-keys/a`);
    const { body } = await bob.ask("POST", `${own.base}/policies`, {
      body: { secret_path_pattern: "**", principal_type: "agent", principal_id: agent.id, permissions: ["write"] },
    });
    expect((await agent.ask("PUT", `${own.base}/secrets/x`, { body: { value: "v" } })).status).toBe(201);
    const seen = await events(bob, "?limit=1000");
    // biome-ignore lint/suspicious/noExplicitAny: as the API gives it
    const foreign = seen.filter(({ actor_id }: any) => actor_id !== bob.id);
    expect(foreign.map(({ action, details }: (typeof foreign)[0]) => [action, details.vault_id])).toEqual([
      ["secret.write", own.id],
    ]);
    // biome-ignore lint/suspicious/noExplicitAny: as the API gives it
    expect(seen.map(({ action }: any) => action)).toEqual(
      expect.arrayContaining(["policy.create", "secret.denied", "vault.create"]),
    );
    expect(await events(bob, `?actor_id=${api.ann.id}`)).toEqual([]);
    expect(await events(bob, `?resource_id=${body.id}&action=policy.create`)).toHaveLength(1);
    const ofAgent = await events(agent, "?limit=1000");
    // biome-ignore lint/suspicious/noExplicitAny: as the API gives it
    expect(new Set(ofAgent.map(({ actor_id }: any) => actor_id))).toEqual(new Set([agent.id]));
    const admin = await api.person("eve@example.com", "--role", "admin");
    expect((await events(admin, `?actor_id=${bob.id}`)).length).toBeGreaterThan(0);
  });

  test("a key that is kept to some paths does not see the log", async () => {
    const { body } = await api.ann.ask("POST", "/v1/auth/api-keys", { body: { name: "ci", scopes: ["ci/**"] } });
    const narrow = api.as(api.ann.id, body.api_key);
    for (const route of ["events", "verify"]) {
      expect(await narrow.ask("GET", `/v1/audit/${route}`)).toMatchObject(problem(403, "Forbidden"));
    }
  });

  test.each([
    "events?limit=0",
    "events?limit=-1",
    "events?limit=",
    "events?limit=1.5",
    "events?limit=ten",
    "events?offset=-1",
    "events?offset=",
    "events?from=yesterday",
    "events?to=2026-02-30T00:00:00Z",
    "events?to=",
    "verify?limit=10001",
    "verify?limit=0",
    "verify?from=1",
  ])("%s is 400, and no event", async (path) => {
    const before = await api.vault.sql("SELECT COUNT(*) FROM audit_log");
    expect(await api.ann.ask("GET", `/v1/audit/${path}`)).toMatchObject(problem(400, "Bad Request"));
    expect(await api.vault.sql("SELECT COUNT(*) FROM audit_log")).toEqual(before);
  });

  test("a limit over 1,000 is 1,000", async () => {
    expect((await events(api.ann, "?limit=9007199254740991")).length).toBeLessThanOrEqual(1_000);
  });

  test("who is nobody sees nothing", async () => {
    for (const route of ["/v1/audit/events", "/v1/audit", "/v1/audit/verify"]) {
      expect(await api.ask("GET", route)).toMatchObject(problem(401, "Unauthorized"));
    }
  });

  test("an untouched log is valid, whole and in part", async () => {
    const whole = await verify("?limit=10000");
    const [[count]] = (await api.vault.sql("SELECT COUNT(*) FROM audit_log")) as [[string]];
    expect(whole).toEqual({
      chain_valid: true,
      // All but the row of this call.
      events_checked: Number(count) - 1,
      events_verified: Number(count) - 1,
      broken_at_event_id: null,
      scheme: {
        algorithm: "SHA-256",
        chain_structure: expect.any(String),
        hash_field: "integrity_hash",
        link_field: "prev_event_id",
        documentation: expect.stringMatching(/^urn:/),
        genesis_prev_hash: "0".repeat(64),
      },
    });
    expect(await verify("?limit=3")).toMatchObject({ chain_valid: true, events_checked: 3 });
    expect(await verify("?to=2020-01-01T00:00:00Z")).toMatchObject({ chain_valid: true, events_checked: 0 });
    const [, , , moment] = await events(api.ann);
    expect(await verify(`?from=${moment.created_at}`)).toMatchObject({ chain_valid: true });
    expect(await verify(`?to=${moment.created_at}`)).toMatchObject({ chain_valid: true });
  });

  test("an agent may not verify", async () => {
    expect(await agent.ask("GET", "/v1/audit/verify")).toMatchObject(problem(403, "Forbidden"));
    expect((await events(agent, "?action=audit.denied"))[0]).toMatchObject({
      resource_type: "audit",
      details: { action: "audit.verify", status: 403 },
    });
  });

  const columns = [
    ["id", "'11111111-1111-4111-8111-111111111111'"],
    ["origin_id", "'vault:x'"],
    ["zeqond_number", "1"],
    ["actor_zid", "'user:x'"],
    ["transition_type", "'secret.write'"],
    ["transition_id", "'11111111-1111-4111-8111-111111111111'"],
    ["payload_json", "'{}'"],
    ["proof_purpose", "'x'"],
    ["proof_digest", `'${"a".repeat(64)}'`],
    ["prev_hash", `'${"b".repeat(64)}'`],
    ["row_hash", `'${"c".repeat(64)}'`],
    ["created_at", "'2026-01-01T00:00:00.000Z'"],
  ] as const;
  test.each(columns)("an altered %s is found, with its event", async (column, value) => {
    const [[head]] = (await api.vault.sql("SELECT MAX(seq) FROM audit_log")) as [[string]];
    const seq = Number(head) - 2;
    const [[was]] = (await api.vault.sql(`SELECT ${column} FROM audit_log WHERE seq = ${seq}`)) as [[string]];
    await api.vault.sql(`UPDATE audit_log SET ${column} = ${value} WHERE seq = ${seq}`);
    const [[id]] = (await api.vault.sql(`SELECT id FROM audit_log WHERE seq = ${seq}`)) as [[string]];
    const found = await verify();
    await api.vault.sql(`UPDATE audit_log SET ${column} = '${was.replaceAll("'", "''")}' WHERE seq = ${seq}`);
    expect(found).toMatchObject({ chain_valid: false, broken_at_event_id: id });
    expect(found.events_verified).toBe(found.events_checked - 1);
    expect(await verify()).toMatchObject({ chain_valid: true });
  });

  test("a row that is missing is found by the one after it, and those at the end without one", async () => {
    const own = await openApi(database);
    await newVault(own.ann, "one");
    await newVault(own.ann, "two");
    const [[head]] = (await own.vault.sql("SELECT MAX(seq) FROM audit_log")) as [[string]];
    await own.vault.sql(`DELETE FROM audit_log WHERE seq = ${head}`);
    const asked = async () => (await own.ann.ask("GET", "/v1/audit/verify")).body;
    expect(await asked()).toMatchObject({ chain_valid: false, broken_at_event_id: null });
    const [[next]] = (await own.vault.sql(`SELECT id FROM audit_log WHERE seq = ${Number(head) + 1}`)) as [[string]];
    expect(await asked()).toMatchObject({ chain_valid: false, broken_at_event_id: next });
    await own.vault.sql(`DELETE FROM audit_log WHERE seq = ${Number(head) - 1}`);
    expect(await asked()).toMatchObject({ chain_valid: false, broken_at_event_id: next });
    await own.vault.close();
  });

  test("rows of ZSC's own surface are events, too, and no value is in any", async () => {
    await api.vault.send("POST", "/api/zsc/set", { body: { name: "db-password", value: "CANARY-77aa" } });
    const all = JSON.stringify(await events(api.ann, "?limit=1000"));
    expect(all).not.toContain("CANARY-77aa");
    const [event] = await events(api.ann, "?resource_id=db-password&limit=1");
    expect(event).toMatchObject({ action: "secret_set", actor_id: "ZEQ-ADMIN-1", resource_type: "secret" });
  });
});
