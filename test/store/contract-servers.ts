import { type Store, StoreFailure } from "../../src/ledger/store.ts";
import { secrets } from "../../src/secrets/tables.ts";
import { collect, emptyHead, listSecrets, load, rowsAfter, secretNamed, write } from "../support/ledger.ts";
import type { NewPlace, Place } from "../support/places.ts";

export function describeServers(newPlace: NewPlace): void {
  let place: Place;

  beforeEach(async () => {
    place = await newPlace();
  });
  afterEach(() => place.close());

  /** What the sequencer does: a conflict begins again on fresh rows. */
  async function untilWritten(store: Store, rows: number): Promise<void> {
    for (let attempt = 0; attempt < 10_000; attempt++) {
      try {
        return void (await write(store, (head) => ({ rows: rowsAfter(head, Array(rows).fill({})) })));
      } catch (error) {
        if (!(error instanceof StoreFailure && error.kind === "conflict")) {
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
      }
    }
    throw new Error("a rival always came first");
  }

  test("may open an empty database at the same moment", async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => place.open()));
    for (const [index, store] of stores.entries()) {
      expect((await load(store)).head.seq).toBe(index);
      await write(store, () => ({}));
    }
    expect(await place.sql("SELECT COUNT(*) FROM audit_head")).toEqual([["1"]]);
  });

  test("see what the others have committed, at once", async () => {
    const [one, other] = [await place.open(), await place.open()];
    const secret = secretNamed("a");
    await write(one, () => ({ inserts: [secret], denials: [{ seq: 1, zid: "ZEQ1", zeqond: 5 }] }));
    const seen = await load(other, { secrets: ["a"], denials: ["ZEQ1"] });
    expect([seen.head.seq, seen.secrets.get("a"), seen.denials.get("ZEQ1")]).toEqual([1, secret, [5]]);
    await write(other, () => ({ deletes: [secret] }));
    expect((await load(one, { secrets: ["a"] })).secrets.size).toBe(0);
    expect(await listSecrets(one, null, 1, emptyHead)).toEqual([]);
  });

  test("write one chain without gaps, whoever comes first", async () => {
    const stores = [await place.open(), await place.open(), await place.open()];
    const sizes = [1, 5, 2, 1, 3, 1, 4, 2];
    await Promise.all(stores.flatMap((store) => sizes.map((size) => untilWritten(store, size))));
    const snapshot = await (await place.open()).openSnapshot();
    const rows = await collect(snapshot.rows());
    await snapshot.close();
    const total = stores.length * sizes.reduce((sum, size) => sum + size, 0);
    expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: total }, (_, index) => index + 1));
    rows.slice(1).forEach((row, index) => {
      expect(row.prevHash).toBe(rows[index]?.rowHash);
    });
    expect(snapshot.head).toEqual({ seq: total, rowHash: rows.at(-1)?.rowHash });
  });

  test("agree on one key check, whoever stores his first", async () => {
    const stores = [await place.open(), await place.open(), await place.open()];
    expect(await stores[0]?.keyChecks()).toEqual([]);
    const mine = stores.map((_, index) => Uint8Array.of(index, 0, 255, 39, 92));
    const kept = await Promise.all(stores.map((store, index) => store.initKeyCheck(mine[index] ?? new Uint8Array())));
    const texts = new Set(kept.map((check) => Buffer.from(check).toString("hex")));
    expect(texts.size).toBe(1);
    expect(mine.map((check) => Buffer.from(check).toString("hex"))).toContain([...texts][0]);
    for (const store of stores) {
      expect(Buffer.from((await store.keyChecks())[0] ?? []).toString("hex")).toBe([...texts][0]);
    }
  });

  test("keep a key check that is there", async () => {
    const store = await place.open();
    await store.initKeyCheck(Uint8Array.of(1));
    expect(Buffer.from(await store.initKeyCheck(Uint8Array.of(2))).toString("hex")).toBe("01");
    await store.close();
    expect(Buffer.from((await (await place.open()).keyChecks())[0] ?? []).toString("hex")).toBe("01");
  });

  test("are told that commits are durable", async () => {
    expect(await (await place.open()).ping()).toEqual({ durable: true });
  });

  test("rehearse a batch, with or without a commit, and leave nothing behind", async () => {
    const store = await place.open();
    expect(await store.rehearse(false)).toEqual({ durable: true, newest: undefined });
    const secret = secretNamed("a");
    const { to, rows } = await write(store, () => ({ inserts: [secret] }));
    const newest = { seq: 1, createdAt: rows[0]?.createdAt };
    for (const commit of [false, true, false]) {
      expect(await store.rehearse(commit)).toEqual({ durable: true, newest });
    }
    const { head, records } = await store.inventory();
    expect([head, [...records.values()].filter((count) => count > 0)]).toEqual([to, [1]]);
    expect(records.get(secrets)).toBe(1);
    const counts = await Promise.all(
      ["audit_log", "secret", "audit_origin", "denial"].map((table) => place.sql(`SELECT COUNT(*) FROM ${table}`)),
    );
    expect(counts.flat(2)).toEqual(["1", "1", "1", "0"]);
    expect((await load(store, { secrets: ["a"] })).head).toEqual(to);
  });

  test("rehearse beside batches, which it never makes fail", async () => {
    const [store, other] = [await place.open(), await place.open()];
    let writing = true;
    const rehearsals = (async () => {
      while (writing) {
        await other.rehearse(true).catch((error: StoreFailure) => expect(error.kind).toBe("conflict"));
        await new Promise(setImmediate);
      }
    })();
    for (let batch = 0; batch < 50; batch++) {
      await write(store, () => ({}));
      await new Promise(setImmediate);
    }
    writing = false;
    await rehearsals;
    expect((await store.inventory()).head.seq).toBe(50);
  });

  test("fail to rehearse while the head is gone", async () => {
    const store = await place.open();
    await store.rehearse(false);
    await place.sql("DELETE FROM audit_head");
    await expect(store.rehearse(false)).rejects.toMatchObject({ name: "StoreFailure", kind: "unavailable" });
  });

  test("refuse a schema that a newer program made, and leave it alone", async () => {
    await (await place.open()).close();
    await place.sql("UPDATE schema_version SET version = 999");
    await expect(place.open()).rejects.toMatchObject({
      name: "OperatorError",
      message: expect.stringContaining("schema version 999"),
    });
    expect(await place.sql("SELECT version FROM schema_version")).toEqual([["999"]]);
  });
}
