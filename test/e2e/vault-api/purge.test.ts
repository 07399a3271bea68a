import { until } from "../../support/until.ts";
import { databaseKinds, openVault, type Vault } from "../support/vault.ts";
import { type Api, newVault, openApi, type Person } from "./support.ts";

jest.setTimeout(90_000);

const tables = ["vault_secret", "vault_version"] as const;

/** Secrets with three versions each, and a policy for every tenth of them. */
async function fill(owner: Person, name: string, secrets: number): Promise<string> {
  const { id, base } = await newVault(owner, name);
  for (let version = 1; version <= 3; version++) {
    const puts = Array.from({ length: secrets }, async (_, number) => {
      const body = { value: `${name}-${number}-${version}`, metadata: { version } };
      const { status } = await owner.ask("PUT", `${base}/secrets/of/${name}/s${number}`, { body });
      expect(status).toBe(201);
    });
    await Promise.all(puts);
  }
  for (let number = 0; number < secrets; number += 10) {
    const grant = { principal_type: "user", principal_id: owner.id, permissions: ["read"] };
    const body = { ...grant, secret_path_pattern: `of/${name}/s${number}` };
    expect((await owner.ask("POST", `${base}/policies`, { body })).status).toBe(201);
  }
  return id;
}

async function countOf({ vault }: Api, id: string): Promise<readonly number[]> {
  const counts = await Promise.all([
    ...tables.map((table) => vault.sql(`SELECT COUNT(*) FROM ${table} WHERE place LIKE '${id}/%'`)),
    vault.sql(`SELECT COUNT(*) FROM policy WHERE vault_id = '${id}'`),
  ]);
  return counts.map(([row]) => Number(row?.[0]));
}

const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

async function killed({ process }: Vault): Promise<void> {
  process.signal("SIGKILL");
  await process.end();
}

const isPurged = async (api: Api, id: string) => (await countOf(api, id)).every((count) => count === 0);

describe.each(databaseKinds)("what a deleted vault held, %s", (database) => {
  test("is removed, and nothing of another vault", async () => {
    const api = await openApi(database);
    const { ann, vault } = api;
    const [gone, kept] = [await fill(ann, "gone", 21), await fill(ann, "kept", 3)];
    const [[sealed]] = (await vault.sql(
      `SELECT HEX(sealed_value) FROM vault_version WHERE place LIKE '${gone}/%'`,
    )) as [[string]];
    expect(await countOf(api, gone)).toEqual([21, 42, 3]);
    expect((await ann.ask("DELETE", `/v1/vaults/${gone}`)).status).toBe(204);
    expect((await vault.verify()).code).toBe(0);
    await vault.restart();
    await until(() => isPurged(api, gone));
    expect(await countOf(api, kept)).toEqual([3, 6, 1]);
    expect(await vault.verify()).toMatchObject({ code: 0 });
    const left = await Promise.all(tables.map((table) => vault.sql(`SELECT HEX(sealed_value) FROM ${table}`)));
    expect(left.flat().flat()).not.toContain(sealed);
    const events = await vault.sql(
      `SELECT transition_type, origin_id, payload_json FROM audit_log WHERE actor_zid = 'system:purge'`,
    );
    const details = events.map(([type, origin, payload]) => ({ type, origin, ...JSON.parse(String(payload)).details }));
    const purges = details.filter(({ type }) => type === "vault.purge");
    expect(purges.every(({ vault_id }) => vault_id === gone)).toBe(true);
    expect(purges.reduce((sum, { secrets }) => sum + secrets, 0)).toBe(21);
    expect(purges.reduce((sum, { versions }) => sum + versions, 0)).toBe(42);
    // One event for a step, not for each version.
    expect(purges.length).toBeLessThan(12);
    expect(details.filter(({ type }) => type === "policy.delete")).toHaveLength(3);
    expect((await ann.ask("GET", `/v1/vaults/${kept}/secrets/of/kept/s0`)).body.value).toBe("kept-0-3");
    expect((await ann.ask("GET", `/v1/vaults/${gone}/secrets/of/gone/s0`)).status).toBe(404);
    expect((await ann.ask("POST", "/v1/vaults", { body: { name: "gone" } })).status).toBe(201);
    await vault.close();
  });

  test("goes in steps that a kill -9 stops anywhere, by two servers at once", async () => {
    const api = await openApi(database);
    const { ann, vault } = api;
    const gone = await fill(ann, "gone", 150);
    expect((await ann.ask("DELETE", `/v1/vaults/${gone}`)).status).toBe(204);
    const { databaseUrl, masterKey, jwtSecret } = vault;
    await vault.process.end();
    for (let kills = 0; kills < 4; kills++) {
      const before = total(await countOf(api, gone));
      const [second] = await Promise.all([
        database === "SQLite" ? undefined : openVault({ databaseUrl, keys: { masterKey, jwtSecret } }),
        vault.start(),
      ]);
      await until(async () => before === 0 || total(await countOf(api, gone)) < before);
      const servers = [vault, ...(second === undefined ? [] : [second])];
      await Promise.all(servers.map(killed));
      expect(await vault.verify()).toMatchObject({ code: 0 });
    }
    await vault.start();
    await until(() => isPurged(api, gone));
    expect(await vault.verify()).toMatchObject({ code: 0 });
    const removed = (await vault.sql("SELECT payload_json FROM audit_log WHERE transition_type = 'vault.purge'"))
      .map(([payload]) => JSON.parse(String(payload)).details)
      .reduce((sum, { secrets, versions }) => sum + secrets + versions, 0);
    expect(removed).toBe(450);
    await vault.close();
  });

  test("stays when the vault's row was taken out by hand, and verification says so", async () => {
    const api = await openApi(database);
    const { ann, vault } = api;
    const [robbed, gone] = [await fill(ann, "robbed", 12), await fill(ann, "gone", 2)];
    await vault.process.end();
    await vault.sql(`DELETE FROM vault WHERE id = '${robbed}'`);
    await vault.start();
    expect((await ann.ask("DELETE", `/v1/vaults/${gone}`)).status).toBe(204);
    await vault.restart();
    await until(() => isPurged(api, gone));
    expect(await countOf(api, robbed)).toEqual([12, 24, 2]);
    const { code, stdout } = await vault.verify();
    expect([code, stdout]).toEqual([1, expect.stringContaining(robbed)]);
    await vault.close();
  });

  test("is named when a secret of a vault that is there was taken out, or when one of a deleted vault was altered", async () => {
    const api = await openApi(database);
    const { ann, vault } = api;
    const [there, gone] = [await fill(ann, "there", 2), await fill(ann, "gone", 2)];
    expect((await ann.ask("DELETE", `/v1/vaults/${gone}`)).status).toBe(204);
    await vault.process.end();
    await vault.sql(`DELETE FROM vault_version WHERE place = '${there}/of/there/s1' AND number = 1`);
    await vault.sql(`UPDATE vault_secret SET is_disabled = 1 WHERE place = '${gone}/of/gone/s1'`);
    await vault.start();
    await until(async () => (await countOf(api, gone)).join() === "1,0,0");
    const { code, stdout } = await vault.verify();
    expect(code).toBe(1);
    expect(stdout).toContain(`${there}/of/there/s1`);
    expect(stdout).toContain(`${gone}/of/gone/s1`);
    await vault.close();
  });
});
