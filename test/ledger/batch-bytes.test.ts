import type { Operation } from "../../src/ledger/operation.ts";
import type { LedgerWrite } from "../../src/ledger/store.ts";
import { grantSecret, revokeSecret } from "../../src/secrets/permissions.ts";
import { readSecret } from "../../src/secrets/read.ts";
import { rotateSecret } from "../../src/secrets/rotate.ts";
import { setSecret } from "../../src/secrets/set.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { admin, load, partsOf, plain } from "../support/ledger.ts";
import { type LedgerUnderTest, openLedger, sealer } from "./ledger-under-test.ts";

const mebibyte = 1_048_576;

/** What a batch writes, as the database stores it. */
function bytesOf(write: LedgerWrite): number {
  const { inserts, updates } = partsOf(write);
  const secrets = [...inserts, ...updates.map(({ secret }) => secret)];
  const values = secrets.map(
    ({ sealedKey, sealedValue, permissions }) =>
      sealedKey.byteLength + sealedValue.byteLength + Buffer.byteLength(JSON.stringify(permissions)),
  );
  const payloads = write.rows.map(({ payloadJson }) => Buffer.byteLength(payloadJson));
  return [...values, ...payloads].reduce((sum, bytes) => sum + bytes, 0);
}

describe("the bytes of a batch", () => {
  let ledger: LedgerUnderTest;
  const count = 64;
  const names = Array.from({ length: count }, (_, index) => `secret ${index}`);
  const zids = Array.from({ length: 1_000 }, (_, index) => `ZEQ-${index}-`.padEnd(126, "ü").slice(0, 66));

  beforeEach(async () => {
    ledger = await openLedger();
  });
  afterEach(() => ledger.close());
  afterAll(cleanUpDatabases);

  const setAll = async (size: number, permissions: readonly string[]) => {
    for (const name of names) {
      await ledger.set(name, "v".repeat(size), permissions);
    }
  };
  const submitAll = async (operationOf: (name: string) => Operation<unknown>) => {
    const before = ledger.faulty.written.length;
    const attempts = ledger.faulty.attempts();
    await Promise.all(names.map((name) => ledger.sequencer.submit(operationOf(name))));
    const written = ledger.faulty.written.slice(before).flatMap((write) => write ?? []);
    expect(written.flatMap(({ rows }) => rows)).toHaveLength(count);
    expect(ledger.faulty.attempts() - attempts).toBe(written.length);
    return written;
  };

  const large: [string, number, readonly string[], (name: string) => Operation<unknown>][] = [
    ["rotations of large values", 65_536, [], (name) => rotateSecret(name, admin, sealer)],
    ["rotations of long lists of readers", 1, zids, (name) => rotateSecret(name, admin, sealer)],
    ["grants, whose rows hold the list too", 1, zids.slice(1), (name) => grantSecret(name, "ZEQ-9", admin, sealer)],
    ["grants of large values", 65_536, [], (name) => grantSecret(name, "ZEQ-9", admin, sealer)],
    ["revocations", 1, zids, (name) => revokeSecret(name, zids[0] ?? "", admin, sealer)],
    ["sets that keep a long list", 1, zids, (name) => setSecret({ name, value: plain("v") }, admin, sealer)],
    ["sets of large values", 1, [], (name) => setSecret({ name, value: plain("w".repeat(65_536)) }, admin, sealer)],
  ];

  test.each(large)("of %s stay within 1 MiB, whatever was loaded for them", async (_what, size, permissions, of) => {
    await setAll(size, permissions);
    const written = await submitAll(of);
    for (const write of written) {
      expect(bytesOf(write)).toBeLessThanOrEqual(mebibyte);
    }
    const all = written.reduce((sum, write) => sum + bytesOf(write), 0);
    expect(written.length).toBeLessThanOrEqual(2 * Math.ceil(all / mebibyte));
  });

  test("that are few leave a batch as it was: many reads, one transaction", async () => {
    await setAll(1_000, []);
    const written = await submitAll((name) => readSecret({ name, zid: "ZEQ-SYS", purpose: "read" }, sealer));
    expect(written).toHaveLength(1);
  });

  test("of a secret that changes many times count once", async () => {
    await ledger.set("one", "v".repeat(65_536));
    const before = ledger.faulty.written.length;
    const grants = Array.from({ length: count }, (_, index) => grantSecret("one", `ZEQ-${index}`, admin, sealer));
    await Promise.all(grants.map((grant) => ledger.sequencer.submit(grant)));
    expect(ledger.faulty.written.length - before).toBe(1);
  });

  test("what did not fit is applied in its order, on what came before", async () => {
    await ledger.close();
    ledger = await openLedger({ maxBatchBytes: 3_000 });
    await ledger.set("one", "v".repeat(1_000));
    const answers = await Promise.all([
      ...Array.from({ length: 5 }, () => ledger.sequencer.submit(rotateSecret("one", admin, sealer))),
      ...["a", "b", "c"].map((name) => ledger.set(name, "w".repeat(900))),
      ledger.read("c"),
    ]);
    expect(answers.map(({ receipts }) => receipts[0]?.seq)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(answers.at(-1)).toMatchObject({ value: { name: "c" } });
    expect((await load(ledger.store, { secrets: ["one"] })).secrets.get("one")?.version).toBe(6);
  });

  test("that are loaded make the next batches smaller, until they are few again", async () => {
    await ledger.close();
    ledger = await openLedger({ maxLoadBytes: 100_000, maxBatchRows: 16 });
    await setAll(20_000, []);
    const read = (name: string) => readSecret({ name, zid: "ZEQ-SYS", purpose: "read" }, sealer);
    const [first = 0, second = 0, third = 0] = (await submitAll(read)).map(({ rows }) => rows.length);
    expect(first).toBe(16);
    expect(second).toBeLessThanOrEqual(5);
    expect(third).toBeLessThanOrEqual(10);
    for (const name of names) {
      await ledger.set(name, "v");
    }
    const small = (await submitAll(read)).map(({ rows }) => rows.length);
    expect(Math.max(...small)).toBe(16);
  });
});
