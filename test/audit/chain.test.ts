import { cleanUpDatabases } from "../support/databases.ts";
import { chainTamperings, rewriteFrom } from "./chain-tamperings.ts";
import { fillLog, lastSeq, seqOf } from "./eventful-log.ts";
import { databaseKinds, type OpenVault, openVault } from "./open-vault.ts";

afterAll(cleanUpDatabases);

describe.each(databaseKinds)("on %s, the row is named when", (kind) => {
  let vault: OpenVault;

  beforeAll(async () => {
    vault = await openVault(kind);
    await fillLog(vault);
    await vault.keep();
  });
  afterEach(() => vault.restore());
  afterAll(() => vault?.close());

  test.each(chainTamperings)("$what", async ({ at, apply }) => {
    await apply(vault);
    const { broken, differences } = await vault.verify();
    expect(broken).toEqual({ seq: at, why: expect.any(String) });
    expect(differences).toEqual([]);
  });

  test("the log is whole again afterwards", async () => {
    expect(await vault.verify()).toMatchObject({ rows: lastSeq, broken: null, differences: [] });
  });

  test("the tail is cut off and the head moved to the new end: what the vault has of it gives it away", async () => {
    const cutAfter = seqOf.lastChangeOfC - 1;
    const head = (await vault.rows())[cutAfter - 1];
    await vault.sql(
      ["DELETE FROM audit_log WHERE seq > ?", cutAfter],
      ["UPDATE audit_head SET seq = ?, row_hash = ?", cutAfter, head?.rowHash],
      ["DELETE FROM denial WHERE seq > ?", cutAfter],
    );
    const { broken, differences } = await vault.verify();
    expect(broken).toBeNull();
    expect(differences.map(({ name }) => name)).toEqual(["c", "due", expect.stringContaining("na")]);
  });

  test("the log is rewritten to its end: only the limiter and receipts know", async () => {
    const { seq, rowHash } = await rewriteFrom(vault, seqOf.denied);
    await vault.sql(["UPDATE audit_head SET seq = ?, row_hash = ?", seq, rowHash]);
    const { broken, differences } = await vault.verify();
    expect(broken).toBeNull();
    expect(differences[0]).toMatchObject({ name: null, seq: seqOf.denied });
  });
});
