import { runVerify } from "../../src/cli/commands/verify-report.ts";
import { createTerminal } from "../../src/cli/terminal.ts";
import { openChangeIndex } from "../../src/compose.ts";
import { StoreFailure } from "../../src/ledger/store.ts";
import { setSecret } from "../../src/secrets/set.ts";
import { fillLog, lastSeq } from "../audit/eventful-log.ts";
import { type OpenVault, openVault, snapshotOf } from "../audit/open-vault.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { admin, plain, testSealer } from "../support/ledger.ts";
import { recordedTerminal } from "./recorded-terminal.ts";

afterAll(cleanUpDatabases);

let vault: OpenVault;
let head: string;

beforeAll(async () => {
  vault = await openVault("SQLite");
  await fillLog(vault);
  await vault.keep();
  head = `${lastSeq}.${(await vault.rows()).at(-1)?.rowHash}`;
});
afterEach(() => vault.restore());
afterAll(() => vault?.close());

async function run(options: { readonly json?: boolean; readonly isTTY?: boolean } = {}) {
  const { terminal, written } = recordedTerminal(options.isTTY);
  const snapshot = await snapshotOf(vault.url);
  const index = await openChangeIndex();
  const code = await runVerify({ snapshot, index, json: options.json === true, terminal }).finally(() => {
    index.close();
    return snapshot.close();
  });
  return { code, ...written };
}

test("ends when the person at a shell wants it, although SQLite waits for nothing", async () => {
  const snapshot = await snapshotOf(vault.url);
  const index = await openChangeIndex();
  const abort = new AbortController();
  setImmediate(() => abort.abort());
  const nowhere = { write: () => undefined };
  const terminal = createTerminal({ stdout: nowhere, stderr: nowhere }, { signal: abort.signal });
  const verified = runVerify({ snapshot, index, json: false, terminal }).finally(() => {
    index.close();
    return snapshot.close();
  });
  await expect(verified).rejects.toMatchObject({ kind: "interrupted" });
});

const rate = expect.stringMatching(/^\d+ rows\/s$/);

/** The lines of an answer, with the rate, which is never the same, taken out. */
function linesOf(stdout: string): readonly string[] {
  expect(stdout.endsWith("\n")).toBe(true);
  const found = /\((\d+ rows\/s)\)/.exec(stdout)?.[1];
  expect(found).toEqual(rate);
  return stdout.trimEnd().replace(` (${found})`, "").split("\n");
}

test("a whole log and vault: what was seen, the head to keep, ok", async () => {
  const { code, stdout, stderr } = await run();
  expect([code, stderr]).toEqual([0, ""]);
  expect(linesOf(stdout)).toEqual([
    `${lastSeq} rows: the chain is whole`,
    `head: ${head}`,
    "5 secrets: the vault is what the log says",
    "ok",
  ]);
});

test("one row and one secret are counted as one", async () => {
  const small = await openVault("SQLite");
  try {
    await small.run(setSecret({ name: "one", value: plain("value") }, admin, testSealer()));
    const { terminal, written } = recordedTerminal();
    const snapshot = await snapshotOf(small.url);
    const index = await openChangeIndex();
    await runVerify({ snapshot, index, json: false, terminal });
    index.close();
    await snapshot.close();
    expect(written.stdout).toMatch(/^1 row: .*\nhead: .*\n1 secret: /);
  } finally {
    await small.close();
  }
});

test("a broken chain: the row and why, and nothing about the vault", async () => {
  await vault.sql(["UPDATE audit_log SET payload_json = '{}' WHERE seq = 7"]);
  const { code, stdout, stderr } = await run();
  expect([code, stderr]).toEqual([1, ""]);
  expect(linesOf(stdout)).toEqual([
    "BROKEN at row 7: its columns do not give its row_hash",
    "7 rows walked. The vault was not compared with the log.",
  ]);
});

test("a vault that is not what the log says: a line for each secret and denial", async () => {
  await vault.sql(
    ["UPDATE secret SET bound_zid = 'ZEQ-THIEF' WHERE name = 'b'"],
    ["UPDATE secret SET name = 'a \"new\"\nname' WHERE name = 'c'"],
    ["INSERT INTO denial VALUES (4, 'ZEQ-1', ?)", Number.MAX_SAFE_INTEGER],
  );
  const { code, stdout } = await run();
  expect(code).toBe(1);
  expect(linesOf(stdout)).toEqual([
    `${lastSeq} rows: the chain is whole`,
    `head: ${head}`,
    'BROKEN "a \\"new\\"\\nname" (no row): the vault has it, the log does not: it was put there by hand',
    'BROKEN "b" (row 2): its row in the vault was altered by hand',
    'BROKEN "c" (row 18): the log has it, the vault does not: it was taken out by hand',
    "BROKEN denial limiter (row 4): the limiter counts a denial that the log does not have like this",
  ]);
});

test("as JSON: one line with all that the text says", async () => {
  const { code, stdout } = await run({ json: true });
  expect(code).toBe(0);
  expect(stdout.match(/\n/g)).toHaveLength(1);
  const rowsPerSecond = expect.any(Number);
  const whole = { ok: true, rows: lastSeq, head, secrets: 5, broken: null, differences: [], rowsPerSecond };
  expect(JSON.parse(stdout)).toEqual(whole);
});

test("as JSON: a broken chain, and a vault that is not what the log says", async () => {
  await vault.sql(["DELETE FROM secret WHERE name = 'c'"]);
  const altered = await run({ json: true });
  await vault.sql(["DELETE FROM audit_log WHERE seq = 7"]);
  const broken = await run({ json: true });
  expect([altered.code, broken.code]).toEqual([1, 1]);
  const why = "the log has it, the vault does not: it was taken out by hand";
  expect(JSON.parse(altered.stdout)).toMatchObject({ ok: false, differences: [{ name: "c", seq: 18, why }] });
  expect(JSON.parse(broken.stdout)).toMatchObject({ ok: false, broken: { seq: 7, why: "the row is missing" } });
});

test("progress is shown on a terminal, beside the result, and taken away", async () => {
  const { stdout, stderr } = await run({ isTTY: true });
  expect(stderr).toBe(`\r\x1b[K${lastSeq} of ${lastSeq} rows verified\r\x1b[K`);
  expect(stdout).not.toContain("verified");
});

test("progress is taken away, too, when the database goes away half way", async () => {
  const { terminal, written } = recordedTerminal(true);
  const snapshot = await snapshotOf(vault.url);
  const index = await openChangeIndex();
  index.close();
  const run = runVerify({ snapshot, index, json: false, terminal });
  await expect(run).rejects.toThrow(StoreFailure);
  await snapshot.close();
  expect(written).toEqual({ stdout: "", stderr: "\r\x1b[K" });
});
