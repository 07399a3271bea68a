import { randomUUID } from "node:crypto";
import type { Store } from "../../src/ledger/store.ts";
import type { Secret } from "../../src/secrets/secret.ts";
import {
  load,
  request,
  rowsAfter,
  secretNamed,
  startZeqond,
  type WriteParts,
  write,
  writeAfter,
} from "../support/ledger.ts";
import type { NewPlace, Place } from "../support/places.ts";

export function describeSecrets(newPlace: NewPlace): void {
  let place: Place;
  let store: Store;

  beforeEach(async () => {
    place = await newPlace();
    store = await place.open();
  });
  afterEach(() => place.close());

  const put = (parts: WriteParts) => write(store, () => parts);
  const loaded = async (name: string) => (await load(store, { secrets: [name] })).secrets.get(name);
  const failing = (parts: WriteParts) => {
    const attempt = store.transact(request(), ({ head }) => writeAfter(head, parts));
    return expect(attempt).rejects.toMatchObject({ name: "StoreFailure", kind: "conflict" });
  };

  test("a secret is loaded as it was inserted, and others are absent", async () => {
    const secret = secretNamed("a", { purposeTag: "billing", permissions: ["ZEQ2", "ZEQ1"], expiresZeqond: null });
    await put({ inserts: [secret, secretNamed("b")] });
    const { secrets } = await load(store, { secrets: ["a", "c"] });
    expect([...secrets]).toEqual([["a", secret]]);
  });

  test("a secret may be inserted with counters", async () => {
    const secret = secretNamed("a", { readCount: 2, lastReadZeqond: startZeqond });
    await put({ inserts: [secret] });
    expect(await loaded("a")).toEqual(secret);
  });

  test("an update changes every column but the counters", async () => {
    const before = secretNamed("a", { readCount: 2, lastReadZeqond: 77 });
    await put({ inserts: [before, secretNamed("b")] });
    const after: Secret = {
      ...before,
      purposeTag: "tag",
      boundZid: "ZEQ1",
      permissions: ["ZEQ9"],
      expiresZeqond: null,
      version: 2,
      sealedKey: Buffer.from("another key"),
      sealedValue: Buffer.from("another value"),
      updatedAt: "2026-05-18T00:00:00.000Z",
      readCount: 50,
      lastReadZeqond: 50,
    };
    await put({ updates: [{ secret: after, fromVersion: 1 }] });
    expect(await loaded("a")).toEqual({ ...after, readCount: 2, lastReadZeqond: 77 });
    expect((await loaded("b"))?.version).toBe(1);
  });

  test("an update and a read of the same secret both count", async () => {
    const before = secretNamed("a");
    await put({ inserts: [before] });
    const secret = { ...before, version: 2 };
    const reads = [{ ...before, readCount: 4, lastReadZeqond: 8 }];
    await put({ updates: [{ secret, fromVersion: 1 }], reads });
    expect(await loaded("a")).toEqual({ ...secret, readCount: 4, lastReadZeqond: 8 });
  });

  test("read counters move by themselves, also to what they already were", async () => {
    const secret = secretNamed("a");
    await put({ inserts: [secret, secretNamed("b")] });
    for (const readCount of [1, 7, 7]) {
      await put({ reads: [{ ...secret, readCount, lastReadZeqond: startZeqond }] });
      expect(await loaded("a")).toEqual({ ...secret, readCount, lastReadZeqond: startZeqond });
    }
    expect((await loaded("b"))?.readCount).toBe(0);
  });

  test("a deleted secret is gone with its counters, from every table", async () => {
    const secret = secretNamed("a", { readCount: 5, lastReadZeqond: 5 });
    await put({ inserts: [secret, secretNamed("b")] });
    await put({ deletes: [secret] });
    expect(await loaded("a")).toBeUndefined();
    expect(await place.sql("SELECT name FROM secret")).toEqual([["b"]]);
    expect(await place.sql("SELECT read_count, last_read_zeqond FROM audit_origin WHERE origin_id = 'zsc:a'")).toEqual([
      ["0", "null"],
    ]);
  });

  test("a secret may be deleted and created again in one batch", async () => {
    const before = secretNamed("a", { readCount: 5, lastReadZeqond: 5, version: 3 });
    await put({ inserts: [before] });
    const after = secretNamed("a");
    await put({ deletes: [before], inserts: [after] });
    expect(await loaded("a")).toEqual(after);
  });

  describe("conflict, and write nothing, when", () => {
    const secret = secretNamed("a", { version: 2 });
    const other = secretNamed("b");

    beforeEach(() => put({ inserts: [secret] }));
    afterEach(async () => {
      expect((await load(store)).head.seq).toBe(1);
      expect(await loaded("a")).toEqual(secret);
      expect(await loaded("b")).toBeUndefined();
      await put({ inserts: [other] });
    });

    test("a secret to update has another version", () =>
      failing({ inserts: [other], updates: [{ secret: { ...secret, version: 2 }, fromVersion: 1 }] }));

    test("a secret to update is not there", () =>
      failing({ inserts: [other], updates: [{ secret: { ...secret, id: randomUUID() }, fromVersion: 2 }] }));

    test("a secret to delete has another version", () =>
      failing({ inserts: [other], deletes: [{ ...secret, version: 1 }] }));

    test("a secret to delete is not there", () =>
      failing({ inserts: [other], deletes: [{ ...secret, id: randomUUID() }] }));

    test("a secret to insert has the name of another", () => failing({ inserts: [other, secretNamed("a")] }));

    test("a row to insert has the number of another", () =>
      failing({ inserts: [other], rows: rowsAfter({ seq: 0, rowHash: secret.id }, [{}]) }));
  });

  const denialsOf = async (zids: readonly string[], nowZeqond: number) => {
    const { denials } = await load(store, { denials: zids, nowZeqond });
    return Object.fromEntries([...denials].map(([zid, zeqonds]) => [zid, [...zeqonds].sort()]));
  };

  test("denials are given by ZID, those less than 120 Zeqonds ago and at most 120 ahead", async () => {
    await put({ denials: [1_000, 1_001, 1_001, 1_002].map((zeqond, at) => ({ seq: at + 1, zid: "ZEQ1", zeqond })) });
    await put({ denials: [{ seq: 5, zid: "ZEQ2", zeqond: 1_001 }] });
    expect(await denialsOf(["ZEQ1"], 1_000)).toEqual({ ZEQ1: [1_000, 1_001, 1_001, 1_002] });
    expect(await denialsOf(["ZEQ1", "ZEQ2", "ZEQ3"], 1_120)).toEqual({ ZEQ1: [1_001, 1_001, 1_002], ZEQ2: [1_001] });
    expect(await denialsOf(["ZEQ1"], 1_122)).toEqual({});
    expect(await denialsOf(["ZEQ1", "ZEQ2"], 881)).toEqual({ ZEQ1: [1_000, 1_001, 1_001], ZEQ2: [1_001] });
    expect(await denialsOf(["ZEQ1"], 879)).toEqual({});
  });

  const stored = async () => {
    const rows = await place.sql("SELECT zid, zeqond FROM denial ORDER BY seq");
    return rows.map(([zid, zeqond]) => `${zid} ${zeqond}`);
  };

  test("denials of 120 Zeqonds ago and before are forgotten of the ZIDs that were denied again", async () => {
    await put({
      denials: [
        { seq: 1, zid: "ZEQ1", zeqond: 100 },
        { seq: 2, zid: "ZEQ1", zeqond: 101 },
        { seq: 3, zid: "ZEQ2", zeqond: 100 },
      ],
    });
    await put({ nowZeqond: 320 });
    expect(await stored()).toEqual(["ZEQ1 100", "ZEQ1 101", "ZEQ2 100"]);
    await put({ denials: [{ seq: 4, zid: "ZEQ1", zeqond: 220 }], nowZeqond: 220 });
    expect(await stored()).toEqual(["ZEQ1 101", "ZEQ2 100", "ZEQ1 220"]);
  });

  test("of others, eight are forgotten with each denial a day later, the first ones first", async () => {
    const dayLater = 1 + 120 + 112_000;
    const others = Array.from({ length: 30 }, (_, at) => ({
      seq: at + 1,
      zid: `ZEQ${at + 2}`,
      zeqond: at === 3 ? 2 : 1,
    }));
    await put({ denials: others });
    const deny = (seq: number, zeqond: number) => put({ denials: [{ seq, zid: "ZEQ1", zeqond }], nowZeqond: zeqond });
    // For a server whose clock is a day behind this one they still count.
    await deny(31, dayLater - 1);
    const all = others.map(({ zid, zeqond }) => `${zid} ${zeqond}`);
    expect(await stored()).toEqual([...all, `ZEQ1 ${dayLater - 1}`]);
    await deny(32, dayLater);
    expect((await stored()).slice(0, -2)).toEqual([...all.slice(3, 4), ...all.slice(8)]);
    for (const seq of [33, 34, 35, 36]) {
      await deny(seq, dayLater);
    }
    expect((await stored()).slice(0, -6)).toEqual(["ZEQ5 2"]);
  });
}
