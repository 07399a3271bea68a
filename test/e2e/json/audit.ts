import { freshName, newSecret, probe, rowsOf } from "../support/secrets.ts";
import type { Vault } from "../support/vault.ts";

/** What `audit` answers, and of which rows. */
export function auditRows(vault: () => Vault): void {
  let busy = "";
  beforeAll(async () => {
    busy = await newSecret(vault(), { boundZid: "ZEQ-OWNER" });
    for (let round = 0; round < 60; round++) {
      const calls = Array.from({ length: 10 }, () => probe(vault(), busy, "ZEQ-OWNER"));
      await Promise.all(calls);
    }
  });

  test.each([
    ["no limit", "", 50],
    ["1", "?limit=1", 1],
    ["499", "?limit=499", 499],
    ["500", "?limit=500", 500],
    ["501", "?limit=501", 500],
    ["a very large one", "?limit=9223372036854775807", 500],
    ["a repeated one, of which the last counts", "?limit=3&limit=7", 7],
    ["another parameter beside it", "?limit=2&colour=red", 2],
  ])("with %s", async (_what, query, count) => {
    const { status, json } = await vault().send("GET", `/api/zsc/audit/${busy}${query}`);
    expect(status).toBe(200);
    expect(json).toMatchObject({ ok: true, name: busy, count });
    expect((json as { readonly rows: readonly unknown[] }).rows).toHaveLength(count);
  });

  test.each(["0", "-1", "abc", "1.5", "", "1e2", "0x10", "9223372036854775808", "%00", "NaN", "null"])(
    "refuses the limit %j",
    async (limit) => {
      const answer = await vault().send("GET", `/api/zsc/audit/${busy}?limit=${limit}`);
      const error = "limit must be an integer of at least 1";
      expect([answer.status, answer.text]).toEqual([400, JSON.stringify({ ok: false, error })]);
    },
  );

  test("answers rows newest first", async () => {
    const rows = await rowsOf(vault(), busy, "?limit=500");
    const times = rows.map(({ createdAt }) => createdAt);
    expect(times).toEqual([...times].sort().reverse());
  });

  test("a name that never existed has no rows", async () => {
    const name = freshName("never");
    const answer = await vault().send("GET", `/api/zsc/audit/${name}`);
    expect([answer.status, answer.text]).toEqual([200, JSON.stringify({ ok: true, name, count: 0, rows: [] })]);
  });

  test("a deleted name keeps all its rows, and a new secret of that name adds to them", async () => {
    const name = await newSecret(vault());
    await vault().send("DELETE", `/api/zsc/${name}`);
    const types = async () => (await rowsOf(vault(), name)).map(({ transitionType }) => transitionType);
    expect(await types()).toEqual(["secret_deleted", "secret_set"]);
    await vault().send("POST", "/api/zsc/set", { body: { name, value: "v" } });
    expect(await types()).toEqual(["secret_set", "secret_deleted", "secret_set"]);
  });

  test("shows what happened to the secret, not who looked at it", async () => {
    const name = await newSecret(vault());
    await vault().send("GET", `/api/zsc/info/${name}`);
    await vault().send("GET", `/api/zsc/audit/${name}`);
    expect(await rowsOf(vault(), name)).toHaveLength(1);
    const rows = await vault().sql(
      `SELECT transition_type FROM audit_log WHERE origin_id = 'zsc:${name}' ORDER BY seq`,
    );
    expect(rows.flat()).toEqual(["secret_set", "admin_info", "admin_audit", "admin_audit"]);
  });

  test("refused calls on a name that does not exist are its rows", async () => {
    const name = freshName("never");
    for (const path of [`rotate/${name}`, `grant/${name}`, `revoke/${name}`]) {
      await vault().send("POST", `/api/zsc/${path}`, { body: { zid: "ZEQ-1" } });
    }
    await vault().send("DELETE", `/api/zsc/${name}`);
    const types = (await rowsOf(vault(), name)).map(({ transitionType }) => transitionType);
    expect(types).toEqual(Array(4).fill("secret_denied"));
  });
}
