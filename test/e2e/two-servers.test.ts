import { freshName, metadataOf, newSecret, probe, rowsOf, setSecret } from "./support/secrets.ts";
import { closeVaults, databaseKinds, openVault, type Vault } from "./support/vault.ts";

// Processes begin and end here, on a machine that may have other things to do.
jest.setTimeout(90_000);

describe.each(databaseKinds)("two servers on one %s database", (database) => {
  let first: Vault;
  let second: Vault;
  beforeAll(async () => {
    first = await openVault({ database });
    const { databaseUrl, masterKey, jwtSecret } = first;
    second = await openVault({ databaseUrl, keys: { masterKey, jwtSecret } });
  }, 120_000);
  afterAll(async () => {
    await second.close();
    await closeVaults();
  }, 60_000);

  test("what one does, the other sees at once", async () => {
    const name = await newSecret(first, { permissions: ["ZEQ-FRIEND"] });
    expect(await probe(second, name, "ZEQ-FRIEND")).toMatchObject({ granted: true });
    await second.send("POST", `/api/zsc/revoke/${name}`, { body: { zid: "ZEQ-FRIEND" } });
    expect(await probe(first, name, "ZEQ-FRIEND")).toMatchObject({ granted: false, reason: "denied" });
    await first.send("DELETE", `/api/zsc/${name}`);
    expect((await second.send("GET", `/api/zsc/info/${name}`)).status).toBe(404);
    expect(await rowsOf(second, name)).toHaveLength(5);
  });

  test("denials at both count together", async () => {
    const name = await newSecret(first);
    for (const vault of [first, second, first, second, first]) {
      expect(await probe(vault, name, "ZEQ-BOTH")).toMatchObject({ reason: "denied" });
    }
    expect(await probe(second, name, "ZEQ-BOTH")).toMatchObject({ reason: "rate_limited" });
    expect(await probe(first, name, "ZEQ-BOTH")).toMatchObject({ reason: "rate_limited" });
  });

  test("writing at the same time they make one chain, and every call is in it", async () => {
    const shared = await newSecret(first);
    const work = async (vault: Vault, zids: readonly string[]) => {
      const receipts: (string | undefined)[] = [];
      for (const zid of zids) {
        const name = freshName("both");
        const set = setSecret(vault, { name });
        const grant = vault.send("POST", `/api/zsc/grant/${shared}`, { body: { zid } });
        receipts.push((await set).receipt, (await grant).receipt);
      }
      return receipts;
    };
    const zids = (prefix: string) => Array.from({ length: 20 }, (_, index) => `${prefix}-${index}`);
    const receipts = (await Promise.all([work(first, zids("A")), work(second, zids("B"))])).flat();
    expect(new Set(receipts).size).toBe(80);
    for (const receipt of receipts) {
      const [seq, rowHash] = receipt?.split(".") ?? [];
      expect(await first.sql(`SELECT row_hash FROM audit_log WHERE seq = ${seq}`)).toEqual([[rowHash]]);
    }
    const { permissions } = await metadataOf(second, shared);
    expect([...permissions].sort()).toEqual([...zids("A"), ...zids("B")].sort());
    expect(await first.verify()).toMatchObject({ code: 0, stdout: expect.stringMatching(/ok\n$/) });
  });

  test("one that is killed leaves the other at work", async () => {
    second.process.signal("SIGKILL");
    await second.process.ended();
    const name = await newSecret(first);
    await second.start();
    expect(await rowsOf(second, name)).toHaveLength(1);
  });
});
