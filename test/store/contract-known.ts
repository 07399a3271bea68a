import fc from "fast-check";
import { needsOf } from "../../src/ledger/needs.ts";
import type { Need } from "../../src/ledger/operation.ts";
import { type AnyRecord, keyText } from "../../src/ledger/record.ts";
import type { AuditRow } from "../../src/ledger/row.ts";
import type { Loaded, Store, TableWrite } from "../../src/ledger/store.ts";
import type { AnyTable } from "../../src/ledger/table.ts";
import { apiKeys, people, revokedTokens } from "../../src/people/tables.ts";
import { vaults } from "../../src/vaults/tables.ts";
import { rowsAfter } from "../support/ledger.ts";
import type { NewPlace, Place } from "../support/places.ts";

const createdAt = "2026-05-17T13:11:14.277Z";
const mac = Buffer.from("a mac");
const vaultId = "a0000000-0000-4000-8000-000000000001";
const keyId = "a0000000-0000-4000-8000-000000000002";
const jti = "a0000000-0000-4000-8000-000000000003";
const sub = "user:a0000000-0000-4000-8000-000000000004";
const now = 2_289_605_501;
const day = revokedTokens.derivation?.lookedAtZeqonds ?? 0;

const vault: AnyRecord = {
  ...{ id: vaultId, version: 1, org: "main", name: "safe", description: "first" },
  ...{ createdBy: sub, createdAt },
};
const person: AnyRecord = {
  ...{ sub, version: 1, email: "a@example.org", name: "A", description: "", zid: null, role: "member" },
  ...{ scopes: ["vault:read"], vaultIds: [], isActive: 1, keyPrefix: null, keyHash: null, tokenTtlSeconds: null },
  ...{ expiresAtMs: null, keyExpiresAtMs: null, createdBy: null, createdAt, passwordHash: null, tokenEpoch: 0 },
  ...{ marketingEmails: 0, uses: 0, lastUsedZeqond: null },
};
const apiKey: AnyRecord = {
  ...{ id: keyId, version: 1, sub, name: "key", scopes: [], isActive: 1, prefix: "zsc_00000000" },
  ...{ hash: Buffer.alloc(32, 1), expiresAtMs: null, createdAt, uses: 0, lastUsedZeqond: null },
};

const vaultNeed: Need = { table: vaults, key: [vaultId] };
const namedNeed: Need = { table: vaults, lookup: "name", by: ["safe"] };
const personNeed: Need = { table: people, key: [sub] };
const keyNeed: Need = { table: apiKeys, key: [keyId] };
const tokenNeed: Need = { table: revokedTokens, lookup: "jti", by: [jti] };
const all = [vaultNeed, namedNeed, personNeed, keyNeed, tokenNeed];

interface Written extends Partial<Omit<TableWrite, "table">> {
  readonly table: AnyTable;
}

/** What a store remembers of what it has loaded decides as what it would load does. */
export function describeKnown(newPlace: NewPlace): void {
  let place: Place;
  let one: Store;
  let other: Store;

  beforeEach(async () => {
    place = await newPlace();
    [one, other] = [await place.open(), await place.open()];
  });
  afterEach(() => place.close());

  /** Loads, and finds every MAC right as a ledger would. */
  async function see(store: Store, needs: readonly Need[] = all, nowZeqond = now, isRight = true): Promise<Loaded> {
    let seen: Loaded | undefined;
    await store.transact({ needs: needsOf([{ needs }]), nowZeqond, rowHashesAt: [] }, (loaded) => {
      seen = loaded;
      for (const { macs } of loaded.tables.values()) {
        for (const each of macs.values()) {
          each.isRight = isRight;
        }
      }
      return null;
    });
    return seen as Loaded;
  }

  /** Loads often enough that a store takes for known what it can. */
  async function know(store: Store, needs: readonly Need[] = all): Promise<Loaded> {
    await see(store, needs);
    await see(store, needs);
    return await see(store, needs);
  }

  /** A batch with a row about each origin. */
  async function put(store: Store, written: readonly Written[], origins = ["zsc:x"], needs = all): Promise<void> {
    const none = { deletes: [], inserts: [], updates: [], counts: [], appends: [] };
    await store.transact({ needs: needsOf([{ needs }]), nowZeqond: now, rowHashesAt: [] }, ({ head }) => {
      const rows = rowsAfter(
        head,
        origins.map((originId) => ({ originId })),
      );
      const { seq, rowHash } = rows.at(-1) as AuditRow;
      const tables = written.map((each) => ({ ...none, ...each }));
      return { from: head, to: { seq, rowHash }, rows, tables, nowZeqond: now };
    });
  }

  const inserted = (record: AnyRecord) => [{ record, mac }];
  const putAll = () =>
    put(
      one,
      [
        { table: vaults, inserts: inserted(vault) },
        { table: people, inserts: inserted(person) },
        { table: apiKeys, inserts: inserted(apiKey) },
      ],
      [`vault:${vaultId}`, sub, `api_key:${keyId}`],
    );
  const of = (loaded: Loaded, need: Need): readonly AnyRecord[] => {
    const table = loaded.tables.get(need.table);
    if ("lookup" in need) {
      return table?.lookups.get(need.lookup)?.get(keyText(need.by)) ?? [];
    }
    const record = "key" in need ? table?.records.get(keyText(need.key)) : undefined;
    return record === undefined ? [] : [record];
  };
  const seenOf = async (store: Store, need: Need, nowZeqond = now) => of(await see(store, all, nowZeqond), need);

  test("a record whose row is the same is the same object, by key and by lookup", async () => {
    await putAll();
    const [first, then] = [await know(one), await see(one)];
    for (const need of [vaultNeed, namedNeed, personNeed, keyNeed]) {
      expect(of(then, need)).toHaveLength(1);
      expect(of(then, need)[0]).toBe(of(first, need)[0]);
    }
  });

  const changed = { ...vault, version: 2, description: "second" };
  const renamed = { ...vault, version: 2, name: "other" };
  const changes: readonly (readonly [string, Written, readonly AnyRecord[], readonly AnyRecord[]])[] = [
    ["an update", { table: vaults, updates: [{ record: changed, mac, fromVersion: 1 }] }, [changed], [changed]],
    ["another name", { table: vaults, updates: [{ record: renamed, mac, fromVersion: 1 }] }, [renamed], []],
    ["a deletion", { table: vaults, deletes: [vault] }, [], []],
    [
      "another record under the same key",
      { table: vaults, deletes: [vault], inserts: inserted({ ...vault, description: "again" }) },
      [{ ...vault, description: "again" }],
      [{ ...vault, description: "again" }],
    ],
  ];

  test.each(changes)(
    "%s is seen by the store that made it and by another, at once",
    async (_what, write, byKey, byName) => {
      await putAll();
      await know(other);
      await know(one);
      await put(one, [write], [`vault:${vaultId}`]);
      for (const store of [one, other, one, other]) {
        const loaded = await see(store);
        expect([of(loaded, vaultNeed), of(loaded, namedNeed)]).toEqual([byKey, byName]);
      }
    },
  );

  test("a record is seen where there was none, by the store that put it in and by another", async () => {
    await know(one);
    await know(other);
    await putAll();
    for (const store of [one, other]) {
      const loaded = await see(store);
      expect([vaultNeed, namedNeed, personNeed, keyNeed].map((need) => of(loaded, need)[0])).toEqual([
        ...[vault, vault, person, apiKey],
      ]);
    }
  });

  test("a derived record is seen where there was none, by the store that appended it and by another", async () => {
    await putAll();
    for (const [appender, reader] of [
      [one, other],
      [other, one],
    ] as const) {
      const id = appender === one ? jti : vaultId;
      const need: Need = { table: revokedTokens, lookup: "jti", by: [id] };
      await know(one, [need]);
      await know(other, [need]);
      const { head } = await see(appender);
      const record = { seq: head.seq + 1, jti: id, zeqond: now };
      await put(appender, [{ table: revokedTokens, appends: [record] }]);
      expect(of(await see(appender, [need]), need)).toEqual([record]);
      expect(of(await see(reader, [need]), need)).toEqual([record]);
    }
  });

  test("a derived record begins to matter with time, though nobody has written since there was none", async () => {
    const record = { seq: 1, jti, zeqond: now + day + 2 };
    await put(one, [{ table: revokedTokens, appends: [record] }]);
    expect(of(await know(one), tokenNeed)).toEqual([]);
    expect(await seenOf(one, tokenNeed, now + 2)).toEqual([record]);
    expect(await seenOf(one, tokenNeed, now)).toEqual([]);
  });

  test("counters of records that are known are counted, by two stores in turn", async () => {
    await putAll();
    await know(one);
    await know(other);
    for (let uses = 1; uses <= 6; uses++) {
      const store = uses % 3 === 0 ? other : one;
      const used = { uses, lastUsedZeqond: now + uses };
      const counts = [
        { table: people, counts: [{ ...person, ...used }] },
        { table: apiKeys, counts: [{ ...apiKey, ...used }] },
      ];
      // With a row about the record, and without.
      await put(store, counts, uses % 2 === 0 ? ["zsc:x"] : [sub, "zsc:x"]);
      for (const reader of [store, store, one, other]) {
        const loaded = await see(reader);
        expect([of(loaded, personNeed)[0], of(loaded, keyNeed)[0]]).toMatchObject([used, used]);
      }
    }
  });

  test("what others have written is loaded in full: records, lists, the log's last change, hashes of rows", async () => {
    await putAll();
    const needs: readonly Need[] = [...all, { ...vaultNeed, changes: true }];
    await know(one, needs);
    await put(other, [{ table: vaults, updates: [{ record: changed, mac, fromVersion: 1 }] }], [`vault:${vaultId}`]);
    let seen: Loaded | undefined;
    await one.transact({ needs: needsOf([{ needs }]), nowZeqond: now, rowHashesAt: [3, 4, 5] }, (loaded) => {
      seen = loaded;
      return null;
    });
    const loaded = seen as Loaded;
    expect([of(loaded, vaultNeed), of(loaded, namedNeed)]).toEqual([[changed], [changed]]);
    expect([of(loaded, personNeed), of(loaded, keyNeed)]).toEqual([[person], [apiKey]]);
    expect([loaded.head.seq, [...loaded.rowHashes.keys()], loaded.rowHashes.get(4)]).toEqual([
      ...[4, [3, 4], loaded.head.rowHash],
    ]);
    expect(loaded.tables.get(vaults)?.macs.size).toBeGreaterThan(0);
  });

  test("a batch that fails takes nothing for known, so that the next attempt loads what is there", async () => {
    await putAll();
    await know(one);
    await place.sql(`UPDATE vault SET version = 2, description = 'by hand' WHERE id = '${vaultId}'`);
    const update = () => put(one, [{ table: vaults, updates: [{ record: changed, mac, fromVersion: 1 }] }]);
    await expect(update()).rejects.toMatchObject({ kind: "conflict" });
    expect(await seenOf(one, vaultNeed)).toEqual([{ ...vault, version: 2, description: "by hand" }]);
  });

  test("what a batch that was rolled back would have written is not there", async () => {
    await putAll();
    await know(one);
    const update = { table: vaults, updates: [{ record: changed, mac, fromVersion: 1 }] };
    const doubled = { table: apiKeys, inserts: inserted(apiKey) };
    await expect(put(one, [update, doubled], [sub])).rejects.toBeDefined();
    for (const store of [one, other]) {
      const loaded = await see(store);
      expect([of(loaded, vaultNeed), of(loaded, namedNeed), loaded.head.seq]).toEqual([[vault], [vault], 3]);
    }
    await put(one, [], [sub]);
    expect(await place.sql("SELECT before_seq FROM audit_log WHERE seq = 4")).toEqual([["2"]]);
  });

  test("a row that was altered by hand is noticed at once", async () => {
    await putAll();
    await know(one);
    await place.sql(`UPDATE vault SET description = 'by hand' WHERE id = '${vaultId}'`);
    await place.sql(`UPDATE person SET role = 'owner' WHERE sub = '${sub}'`);
    const loaded = await see(one);
    expect([of(loaded, vaultNeed)[0], of(loaded, namedNeed)[0], of(loaded, personNeed)[0]]).toMatchObject([
      ...[{ description: "by hand" }, { description: "by hand" }, { role: "owner" }],
    ]);
    const macs = loaded.tables.get(people)?.macs.get(of(loaded, personNeed)[0] as AnyRecord);
    expect(macs).toBeDefined();
  });

  test("rows that were put in and taken out by hand are noticed at once", async () => {
    await putAll();
    await know(one);
    await place.sql(`INSERT INTO revoked_token (seq, jti, zeqond) VALUES (99, '${jti}', ${now})`);
    await place.sql(`DELETE FROM vault WHERE id = '${vaultId}'`);
    const loaded = await see(one);
    expect([of(loaded, tokenNeed), of(loaded, vaultNeed), of(loaded, namedNeed)]).toEqual([
      ...[[{ seq: 99, jti, zeqond: now }], [], []],
    ]);
  });

  test("the MAC of a row that was altered is not taken for right", async () => {
    await putAll();
    await know(one);
    await place.sql(`UPDATE vault SET description = 'by hand' WHERE id = '${vaultId}'`);
    let isRight: boolean | undefined;
    await one.transact({ needs: needsOf([{ needs: all }]), nowZeqond: now, rowHashesAt: [] }, ({ tables }) => {
      const ofVaults = tables.get(vaults);
      const record = ofVaults?.records.get(vaultId);
      isRight = record && ofVaults?.macs.get(record)?.isRight;
      return null;
    });
    expect(isRight).toBe(false);
  });

  test("a row whose MAC was not found to be right is loaded each time", async () => {
    await putAll();
    await see(one, all, now, false);
    await see(one, all, now, false);
    await place.sql(`UPDATE vault SET description = 'put right' WHERE id = '${vaultId}'`);
    const loaded = await see(one, all, now, false);
    expect([of(loaded, vaultNeed)[0], of(loaded, namedNeed)[0]]).toMatchObject([
      ...[{ description: "put right" }, { description: "put right" }],
    ]);
  });

  test("pointers and counters are right, whichever store writes which rows", async () => {
    await putAll();
    let uses = 0;
    const origins = fc.subarray([sub, `vault:${vaultId}`, `api_key:${keyId}`, "zsc:x"], { minLength: 1 });
    const step = fc.record({ isOther: fc.boolean(), origins, counts: fc.boolean(), reads: fc.nat(2) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        for (const { isOther, counts, reads, ...each } of steps) {
          const store = isOther ? other : one;
          for (let read = 0; read < reads; read++) {
            await see(store);
          }
          uses += counts ? 1 : 0;
          const used = { uses, lastUsedZeqond: uses === 0 ? null : now };
          const counted = { table: people, counts: [{ ...person, ...used }] };
          await put(store, counts ? [counted] : [], [...each.origins, ...each.origins.slice(0, reads)]);
          expect(await seenOf(store, personNeed)).toEqual([{ ...person, ...used }]);
        }
        const snapshot = await one.openSnapshot();
        expect(await snapshot.pointers?.wrong(10)).toEqual([]);
        await snapshot.close();
      }),
      { numRuns: 12 },
    );
  });
}
