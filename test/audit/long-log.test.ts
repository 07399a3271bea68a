import { verify } from "../../src/audit/verify.ts";
import { openChangeIndex } from "../../src/compose.ts";
import { secrets } from "../../src/secrets/tables.ts";
import { tables } from "../../src/tables.ts";
import { runZsc } from "../e2e/support/zsc-process.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { generateRows } from "./generated-log.ts";
import { type DatabaseKind, type OpenVault, openVault, snapshotOf } from "./open-vault.ts";

afterAll(cleanUpDatabases);

/** As objects, the rows would take some 900 bytes each. */
const logs: readonly (readonly [DatabaseKind, number])[] = [
  ["SQLite", 300_000],
  ["MariaDB", 80_000],
];
const maxGrowthBytes = 100 * 1_048_576;

describe.each(logs)("on %s, a log of %d rows", (kind, rowCount) => {
  let vault: OpenVault;

  beforeAll(async () => {
    vault = await openVault(kind);
    await generateRows(vault, rowCount);
    vault.clock.advanceZeqonds(1_000);
  }, 120_000);
  afterAll(() => vault?.close());

  test("is verified in little memory", async () => {
    const snapshot = await snapshotOf(vault.url);
    const index = await openChangeIndex();
    const before = process.memoryUsage.rss();
    let most = before;
    const onProgress = () => {
      most = Math.max(most, process.memoryUsage.rss());
    };
    const report = await verify({ snapshot, tables, index, clock: vault.clock, onProgress });
    index.close();
    await snapshot.close();
    expect(report).toMatchObject({ rows: rowCount, broken: null, differences: [] });
    expect([report.records.get(secrets), [...report.records.values()].some((count) => count > 0)]).toEqual([0, false]);
    expect(most - before).toBeLessThan(maxGrowthBytes);
  }, 60_000);

  test("is verified from the command line in a heap that could not hold it", async () => {
    const env = { ZSC_DATABASE_URL: vault.url, NODE_OPTIONS: "--max-old-space-size=40" };
    const { code, stdout, stderr } = await runZsc(["audit", "verify", "--json"], env);
    expect([code, stderr]).toEqual([0, ""]);
    const report: unknown = JSON.parse(stdout);
    expect(report).toMatchObject({ ok: true, rows: rowCount, rowsPerSecond: expect.any(Number) });
    process.stdout.write(`zsc audit verify on ${kind}: ${stdout}`);
  }, 60_000);
});
