import { newVault, openApi } from "./support.ts";

const elsewhere = { "x-forwarded-for": "198.51.100.7, 203.0.113.9" };

describe.each([
  { proxies: "127.0.0.1", trusted: true },
  { proxies: "192.0.2.1", trusted: false },
])("behind a proxy that is trusted: $trusted", ({ proxies, trusted }) => {
  test("policies and events go by the address of the client", async () => {
    const api = await openApi("SQLite", { ZSC_TRUSTED_PROXIES: proxies });
    const bob = await api.person("bob@example.com");
    const { base } = await newVault(api.ann, "proxied");
    await api.ann.ask("PUT", `${base}/secrets/a`, { body: { value: "x" } });
    const grant = { principal_type: "user", principal_id: bob.id, secret_path_pattern: "**", permissions: ["read"] };
    await api.ann.ask("POST", `${base}/policies`, {
      body: { ...grant, conditions: { ip_allowlist: ["203.0.113.0/24"] } },
    });
    const [near, far] = [
      await bob.ask("GET", `${base}/secrets/a`),
      await bob.ask("GET", `${base}/secrets/a`, { headers: elsewhere }),
    ];
    expect([near.status, far.status]).toEqual([403, trusted ? 200 : 403]);
    const rows = await api.vault.sql("SELECT payload_json FROM audit_log ORDER BY seq DESC LIMIT 1");
    expect(JSON.parse(String(rows[0]?.[0]))).toMatchObject({
      ip_address: trusted ? "203.0.113.9" : "127.0.0.1",
    });
    await api.vault.close();
  });
});
