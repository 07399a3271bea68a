import { readSecret } from "../../src/secrets/read.ts";
import { setSecret } from "../../src/secrets/set.ts";
import { runZsc } from "../e2e/support/zsc-process.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { admin, plain, testSealer } from "../support/ledger.ts";
import { generateRows } from "./generated-log.ts";
import { databaseKinds, type OpenVault, openVault, type Report } from "./open-vault.ts";

afterAll(cleanUpDatabases);

const sealer = testSealer();

/** The same in a process of its own. */
async function verifiedByCommand(vault: OpenVault): Promise<Report> {
  const { stdout } = await runZsc(["audit", "verify", "--json"], { ZSC_DATABASE_URL: vault.url });
  return JSON.parse(stdout) as Report;
}

describe.each(databaseKinds)("on %s", (kind) => {
  let vault: OpenVault;

  afterEach(() => vault?.close());

  test("a run beside writers sees one moment: log, head and vault fit together", async () => {
    vault = await openVault(kind);
    await generateRows(vault, 3_000);
    vault.clock.advanceZeqonds(1_000);
    let writing = true;
    let written = 0;
    const writer = async (number: number) => {
      for (let round = 0; writing; round++) {
        const name = `secret ${number}`;
        await vault.run(setSecret({ name, value: plain(`value ${round}`) }, admin, sealer));
        await vault.run(readSecret({ name, zid: "ZEQ-SYS", purpose: "read" }, sealer));
        await vault.run(readSecret({ name, zid: `ZEQ-STRANGER-${round}`, purpose: "read" }, sealer));
        written += 3;
      }
    };
    const writers = [0, 1, 2, 3, 4].map(writer);
    const reports = [];
    for (let run = 0; run < 12; run++) {
      const before = written;
      while (written < before + 15) {
        await new Promise(setImmediate);
      }
      reports.push(await (run % 6 === 0 ? verifiedByCommand(vault) : vault.verify()));
    }
    writing = false;
    await Promise.all(writers);
    for (const { broken, differences } of reports) {
      expect([broken, differences]).toEqual([null, []]);
    }
    const rows = reports.map((report) => report.rows);
    expect(rows).toEqual([...new Set(rows)].sort((a, b) => a - b));
    expect(await vault.verify()).toMatchObject({ rows: 3_000 + written, secrets: 5, broken: null, differences: [] });
  });
});
