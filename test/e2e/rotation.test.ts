import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { until } from "../support/until.ts";
import { grpcJsClient } from "./support/rpc-clients.ts";
import { metadataOf, newSecret, nowZeqond, payloadsOf, probe, whileAltered } from "./support/secrets.ts";
import { closeVaults, databaseKinds, openVault, type Vault } from "./support/vault.ts";

// Processes begin and end here, on a machine that may have other things to do.
jest.setTimeout(90_000);

describe.each(databaseKinds)("the rotation daemon on %s", (database) => {
  let vault: Vault;
  beforeAll(async () => {
    vault = await openVault({ database });
  }, 90_000);
  afterAll(closeVaults, 60_000);

  const rotationsOf = async (name: string) =>
    (await payloadsOf(vault, name)).filter(({ purpose }) => purpose === "auto_rotated").length;

  test("seals what is due as soon as the server starts, and leaves the rest alone", async () => {
    const due = await newSecret(vault, { expiresZeqond: 0, value: "kept", boundZid: "ZEQ-OWNER" });
    const later = await newSecret(vault);
    const never = await newSecret(vault, { expiresZeqond: null });
    const from = nowZeqond();
    await vault.restart();
    expect(await vault.process.logged("secrets rotated")).toMatchObject({ count: 1 });

    expect(await rotationsOf(due)).toBe(1);
    expect((await metadataOf(vault, due)).expires_zeqond).toBeGreaterThanOrEqual(from + 86_400);
    expect([await rotationsOf(later), await rotationsOf(never)]).toEqual([0, 0]);
    const rows = await vault.sql(
      `SELECT actor_zid, transition_type FROM audit_log WHERE origin_id = 'zsc:${due}' AND proof_purpose = 'auto_rotated'`,
    );
    expect(rows).toEqual([["ZEQ-SYS", "secret_rotated"]]);
    const client = grpcJsClient(vault);
    const token = await vault.token("caller", "ZEQ-OWNER");
    expect((await client.call(ZeqContext.method.read, { name: due }, { token })).message?.value).toBe("kept");
    client.close();
  });

  test("of two servers that start at once, one rotates a secret and the other finds nothing to do", async () => {
    const names: string[] = [];
    for (let count = 0; count < 30; count++) {
      names.push(await newSecret(vault, { expiresZeqond: 0 }));
    }
    await vault.process.end();
    const { databaseUrl, masterKey, jwtSecret } = vault;
    const [second] = await Promise.all([openVault({ databaseUrl, keys: { masterKey, jwtSecret } }), vault.start()]);
    const isDue = async (name: string) => (await metadataOf(vault, name)).expires_zeqond === 0;
    for (const name of names) {
      await until(async () => !(await isDue(name)));
    }
    for (const name of names) {
      expect(await rotationsOf(name)).toBe(1);
    }
    await second.close();
  });

  test("one whose seal is broken is recorded, and does not keep the others from their turn", async () => {
    const broken = await newSecret(vault, { expiresZeqond: 0 });
    const healthy = await newSecret(vault, { expiresZeqond: 0 });
    await whileAltered(vault, broken, "sealed_value = x'0102'", async () => {
      await vault.restart();
      expect(await vault.process.logged("a secret that is due does not open")).toMatchObject({ code: "SEAL_BROKEN" });
      await until(async () => (await rotationsOf(healthy)) === 1);
      expect((await payloadsOf(vault, broken)).at(-1)).toEqual({ name: broken, purpose: "rotate", reason: "error" });
      expect(await probe(vault, healthy, "ZEQ-SYS")).toMatchObject({ granted: true });
    });
    expect((await vault.verify()).code).toBe(0);
  });
});
