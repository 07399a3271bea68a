import { isWholeInBlocks } from "../../src/audit/blocks.ts";
import { PointerSums } from "../../src/audit/pointers.ts";
import { FieldWriter } from "../../src/base/fields.ts";
import { type AuditRow, rowPrefix, zeroHash } from "../../src/ledger/row.ts";
import { eventTypes } from "../../src/secrets/events.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { rowsAfter } from "../support/ledger.ts";
import { fillLog, lastSeq } from "./eventful-log.ts";
import { generateRows } from "./generated-log.ts";
import { databaseKinds, insertRow, type OpenVault, openVault, replaceRow, snapshotOf } from "./open-vault.ts";

afterAll(cleanUpDatabases);

describe.each(databaseKinds)("on %s, in blocks", (kind) => {
  let vault: OpenVault;

  beforeAll(async () => {
    vault = await openVault(kind);
    await fillLog(vault);
    await vault.keep();
  });
  afterEach(() => vault.restore());
  afterAll(() => vault?.close());

  const walked = async () => {
    const noted: AuditRow[] = [];
    const snapshot = await snapshotOf(vault.url);
    const note = (row: AuditRow) => void noted.push(row);
    const notes = new Map(eventTypes.filter((type) => type !== "secret_read").map((type) => [type as string, note]));
    const isWhole = await isWholeInBlocks(snapshot, notes, new PointerSums()).finally(() => snapshot.close());
    return { isWhole, noted };
  };
  const rowOf = async (seq: number): Promise<AuditRow> => {
    const row = (await vault.rows())[seq - 1];
    if (row === undefined) {
      throw new Error(`there is no row ${seq}`);
    }
    return row;
  };

  test("a log with rows of all kinds is whole, and every row that is no read is noted as it is", async () => {
    const { isWhole, noted } = await walked();
    expect(isWhole).toBe(true);
    expect(noted).toEqual((await vault.rows()).filter(({ transitionType }) => transitionType !== "secret_read"));
  });

  test.each([2_000, 2_001])("a log of %d rows is whole", async (count) => {
    await vault.sql(["DELETE FROM audit_log"], [`UPDATE audit_head SET seq = 0, row_hash = '${zeroHash}'`]);
    await generateRows(vault, count);
    expect(await walked()).toMatchObject({ isWhole: true });
  });

  test("a block with a byte behind its last row is in doubt", async () => {
    const snapshot = await snapshotOf(vault.url);
    const longer = async function* () {
      for await (const { count, bytes } of snapshot.blocks()) {
        yield { count, bytes: Buffer.concat([bytes, Buffer.of(0x30)]) };
      }
    };
    const isWhole = await isWholeInBlocks({ head: snapshot.head, blocks: longer }, new Map(), new PointerSums());
    await snapshot.close();
    expect(isWhole).toBe(false);
  });

  test("texts of any length are hashed as they are", async () => {
    const lengths = [1, 2, 3, 4, 5, 127, 128, 255, 256, 257, 65_535, 65_536, 1_000_000];
    // Each row has a seq, a prev_hash and a row_hash of its own; all else is as in one of ours.
    const { seq: _seq, prevHash: _prevHash, rowHash: _rowHash, ...fields } = await rowOf(lastSeq);
    const payloads = lengths.map((length) => ({ ...fields, payloadJson: "x".repeat(length) }));
    const rows = rowsAfter({ seq: 0, rowHash: zeroHash }, payloads);
    await vault.sql(["DELETE FROM audit_log"], ...rows.map(insertRow), [
      "UPDATE audit_head SET seq = ?, row_hash = ?",
      lengths.length,
      rows.at(-1)?.rowHash,
    ]);
    expect(await walked()).toMatchObject({ isWhole: true });
  });

  test("a row whose text holds the row after it does not hide that this one is gone", async () => {
    const [five, six] = [await rowOf(5), await rowOf(6)];
    const { proofPurpose, proofDigest, prevHash, createdAt, rowHash } = six;
    const payloadJson = [
      ...[five.payloadJson, five.proofPurpose, five.proofDigest, five.prevHash, five.createdAt],
      ...[five.rowHash + rowPrefix, six.seq, six.id, six.originId, six.zeqondNumber, six.actorZid],
      ...[six.transitionType, six.transitionId, six.payloadJson],
    ].join("\0\0\0\0");
    const holder = { ...five, payloadJson, proofPurpose, proofDigest, prevHash, createdAt, rowHash };
    await vault.sql(["DELETE FROM audit_log WHERE seq = 6"], replaceRow(5, holder));
    expect(await walked()).toMatchObject({ isWhole: false });
    expect(await vault.verify()).toMatchObject({ broken: { seq: 5 } });
  });

  test("bytes that are no text are named although all hashes cover them", async () => {
    const row = await rowOf(lastSeq);
    const writer = new FieldWriter(rowPrefix).text(String(row.seq)).text(row.id).text(row.originId);
    writer.text(String(row.zeqondNumber)).text(row.actorZid).text(row.transitionType).text(row.transitionId);
    writer.bytes(Uint8Array.of(0xff)).text(row.proofPurpose).text(row.proofDigest).text(row.prevHash);
    const rowHash = writer.text(row.createdAt).digest();
    const value = kind === "SQLite" ? "CAST(X'FF' AS TEXT)" : "X'FF'";
    await vault.sql(
      [`UPDATE audit_log SET payload_json = ${value}, row_hash = ? WHERE seq = ?`, rowHash, lastSeq],
      ["UPDATE audit_head SET row_hash = ?", rowHash],
    );
    expect(await walked()).toMatchObject({ isWhole: false });
    expect(await vault.verify()).toMatchObject({ broken: { seq: lastSeq } });
  });

  test.each([
    ["no row", "DELETE FROM audit_log"],
    ["a row before the first", "UPDATE audit_log SET seq = 0 WHERE seq = 1"],
    ["a row behind the head", `UPDATE audit_head SET seq = ${lastSeq - 1}`],
  ])("a log with %s is left to the walk row by row", async (_what, change) => {
    await vault.sql([change]);
    expect(await walked()).toMatchObject({ isWhole: false });
  });
});
