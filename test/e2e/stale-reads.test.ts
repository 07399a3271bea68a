import type { FaultProxy } from "../support/fault-proxy.ts";
import { queryText, withConnection } from "../support/mysql-admin.ts";
import { openTwoServers, type TwoServers } from "../support/two-servers.ts";
import { until } from "../support/until.ts";
import { newSecret } from "./support/secrets.ts";
import { closeVaults, openVault, type Vault } from "./support/vault.ts";

jest.setTimeout(90_000);

describe("a database that shows an older vault to whoever only reads", () => {
  let servers: TwoServers;
  let url: string;
  let proxy: FaultProxy;
  let vault: Vault;
  let name: string;

  beforeAll(async () => {
    servers = await openTwoServers();
    url = await servers.createDatabase();
    proxy = await servers.openProxy();
    vault = await openVault({ databaseUrl: proxy.url(url) });
    const stale = servers.copy(url);
    name = await newSecret(vault, {});
    proxy.redirect(stale);
    await killReader();
  });
  afterAll(async () => {
    await closeVaults();
    await proxy?.close();
    await servers?.dispose();
  });

  /** Of the server's two connections, the one that does not wait for the head when both are needed. */
  async function killReader(): Promise<void> {
    await withConnection(url, async (rival) => {
      await rival.query("BEGIN");
      await rival.query("SELECT seq FROM audit_head FOR UPDATE");
      const waiting = vault.send("GET", "/api/zsc/list");
      const own = "FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()";
      await until(async () => (await queryText(url, `SELECT id ${own} AND info LIKE '%FOR UPDATE%'`)).length > 0);
      const [rows] = await rival.query({ sql: "SELECT CONNECTION_ID()", rowsAsArray: true });
      const mine = String(rows).trim();
      const idle = `SELECT id ${own} AND id <> ${mine} AND (info IS NULL OR info NOT LIKE '%FOR UPDATE%')`;
      for (const [id] of await queryText(url, idle)) {
        await queryText(url, `KILL ${id}`);
      }
      await rival.query("ROLLBACK");
      await waiting;
    });
  }

  test.each([
    ["a list", () => "/api/zsc/list"],
    ["audit rows", () => `/api/zsc/audit/${encodeURIComponent(name)}`],
  ])("%s is unavailable and not wrong, and is recorded all the same", async (_what, path) => {
    const { status, json } = await vault.send("GET", path());
    expect(status).toBe(500);
    expect(json).toMatchObject({ ok: false, error: "INTERNAL_ERROR" });
  });

  test("are answered again by a server that has what was written", async () => {
    proxy.redirect(url);
    const list = await vault.send("GET", "/api/zsc/list");
    expect(list.json).toMatchObject({ ok: true, count: 1, secrets: [{ name }] });
    const audit = await vault.send("GET", `/api/zsc/audit/${encodeURIComponent(name)}`);
    expect(audit.json).toMatchObject({ ok: true, count: 1 });
  });
});
