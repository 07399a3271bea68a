import { eventTypes } from "../../src/secrets/events.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { emptyHead } from "../support/ledger.ts";
import { fillLog, lastSeq } from "./eventful-log.ts";
import { databaseKinds, type OpenVault, openVault } from "./open-vault.ts";

afterAll(cleanUpDatabases);

describe.each(databaseKinds)("on %s", (kind) => {
  let vault: OpenVault;

  beforeEach(async () => {
    vault = await openVault(kind);
  });
  afterEach(() => vault?.close());

  test("an empty vault is whole", async () => {
    expect(await vault.verify()).toEqual({ rows: 0, head: emptyHead, secrets: 0, broken: null, differences: [] });
  });

  test("a log with rows of all kinds is whole, and the vault is what it says", async () => {
    await fillLog(vault);
    const rows = await vault.rows();
    const head = { seq: lastSeq, rowHash: rows.at(-1)?.rowHash };
    expect(await vault.verify()).toEqual({ rows: lastSeq, head, secrets: 5, broken: null, differences: [] });
    const kinds = rows.map(({ transitionType }) => transitionType);
    expect(new Set(kinds)).toEqual(new Set(eventTypes));
  });

  test("it is so too when denials have left the window of the limiter", async () => {
    await fillLog(vault);
    for (const zeqonds of [30, 30, 60, 600]) {
      vault.clock.advanceZeqonds(zeqonds);
      await fillLog(vault);
      expect(await vault.verify()).toMatchObject({ broken: null, differences: [] });
    }
  });

  test("it is so too when the clock of the verifier is behind", async () => {
    await fillLog(vault);
    vault.clock.advanceZeqonds(500);
    await fillLog(vault);
    vault.clock.advanceZeqonds(-1_000);
    expect(await vault.verify()).toMatchObject({ broken: null, differences: [] });
  });
});
