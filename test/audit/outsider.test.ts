import { cleanUpDatabases } from "../support/databases.ts";
import { chainTamperings, rewriteFrom } from "./chain-tamperings.ts";
import { fillLog, lastSeq, seqOf } from "./eventful-log.ts";
import { generateRows } from "./generated-log.ts";
import { databaseKinds, type OpenVault, openVault } from "./open-vault.ts";
import { runOn, runScript } from "./outsider.ts";

afterAll(cleanUpDatabases);

describe.each(databaseKinds)("on %s, the verifier of an outsider", (kind) => {
  let vault: OpenVault;

  beforeAll(async () => {
    vault = await openVault(kind);
    await fillLog(vault);
    await vault.keep();
  });
  afterEach(() => vault.restore());
  afterAll(() => vault?.close());

  const check = (...receipts: readonly string[]) =>
    runOn(
      vault.url,
      receipts.flatMap((receipt) => ["--receipt", receipt]),
    );
  const receiptOf = async (seq: number) => `${seq}.${(await vault.rows())[seq - 1]?.rowHash}`;

  test("agrees that a log with rows of all kinds is whole", async () => {
    expect(await check()).toEqual({ code: 0, stdout: `ok: ${lastSeq} rows, the chain is whole\n`, stderr: "" });
  });

  test("agrees that an empty log is whole, and that a long one is", async () => {
    await vault.sql(["DELETE FROM audit_log"], [`UPDATE audit_head SET seq = 0, row_hash = '${"0".repeat(64)}'`]);
    expect(await check()).toMatchObject({ code: 0, stdout: "ok: 0 rows, the chain is whole\n" });
    await generateRows(vault, 5_000);
    expect(await check()).toMatchObject({ code: 0, stdout: "ok: 5000 rows, the chain is whole\n" });
  });

  test.each(chainTamperings)("finds it when $what", async ({ at, apply }) => {
    await apply(vault);
    const { code, stdout, stderr } = await check();
    expect([code, stderr]).toEqual([1, ""]);
    const named = Number(/^BROKEN: row (\d+): /.exec(stdout)?.[1]);
    // It does not look ahead: of two rows that do not fit together it always names the second.
    expect([at, at + 1]).toContain(named);
  });

  test("is content with receipts of rows that are there", async () => {
    const receipts = [await receiptOf(1), await receiptOf(lastSeq), await receiptOf(7)];
    expect(await check(...receipts)).toMatchObject({ code: 0, stderr: "" });
  });

  test("finds with a receipt what was rewritten to the end of the log with all hashes right", async () => {
    const receipts = [await receiptOf(2), await receiptOf(seqOf.denied), await receiptOf(lastSeq)];
    const { seq, rowHash } = await rewriteFrom(vault, seqOf.denied);
    await vault.sql(["UPDATE audit_head SET seq = ?, row_hash = ?", seq, rowHash]);
    expect(await check()).toMatchObject({ code: 0 });
    expect(await check(...receipts)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`BROKEN: row ${seqOf.denied}: a receipt shows a row`),
    });
  });

  test("finds with a receipt that the tail was cut off and the head moved", async () => {
    const receipt = await receiptOf(lastSeq);
    const head = (await vault.rows())[9];
    await vault.sql(
      ["DELETE FROM audit_log WHERE seq > 10"],
      ["UPDATE audit_head SET seq = 10, row_hash = ?", head?.rowHash],
    );
    expect(await check()).toMatchObject({ code: 0 });
    expect(await check(receipt)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`row ${lastSeq}: a receipt shows a row`),
    });
  });

  test("finds two receipts for one row, one of them false", async () => {
    const forged = `7.${"a".repeat(64)}`;
    expect(await check(forged, await receiptOf(7))).toMatchObject({ code: 1 });
    expect(await check(await receiptOf(7), forged)).toMatchObject({ code: 1 });
  });

  test("finds bytes that decode to the text that was there", async () => {
    const replaced = `replace(hex(origin_id), 'EFBFBD', 'FF')`;
    const value = kind === "SQLite" ? `CAST(unhex(${replaced}) AS TEXT)` : `UNHEX(${replaced})`;
    await vault.sql([`UPDATE audit_log SET origin_id = ${value} WHERE seq = ?`, seqOf.lastChangeOfOdd]);
    expect(await check()).toMatchObject({ code: 1, stderr: "" });
  });

  test("says that a log without a head cannot be read", async () => {
    await vault.sql(["DELETE FROM audit_head"]);
    expect(await check()).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("the head of the log"),
    });
  });
});

describe("the verifier of an outsider", () => {
  test.each([
    ["no arguments", []],
    ["another database", ["oracle", "x"]],
    ["no file", ["sqlite"]],
    ["a receipt cut short", ["--receipt", "17.abc", "sqlite", "x"]],
    ["a receipt that is missing", ["sqlite", "x", "--receipt"]],
  ])("shows how it is used: %s", async (_what, args) => {
    const { code, stdout, stderr } = await runScript(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("verify_audit_log.py sqlite .zsc/zsc.db");
  });

  test("says that there is no such file, and makes none", async () => {
    expect(await runScript(["sqlite", "/no/such/file.db"])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("cannot read the log: "),
    });
  });
});
