import type { Snapshot, Store } from "../../src/ledger/store.ts";
import { collect, denialRows, emptyHead, rowsAfter, secretNamed, secretRows, write } from "../support/ledger.ts";
import type { NewPlace, Place } from "../support/places.ts";
import { hostileNames } from "./contract-texts.ts";

export function describeSnapshots(newPlace: NewPlace): void {
  let place: Place;
  let store: Store;
  let snapshot: Snapshot | undefined;

  beforeEach(async () => {
    place = await newPlace();
    store = await place.open();
  });
  afterEach(async () => {
    await snapshot?.close();
    await place.close();
  });

  const open = async () => {
    snapshot = await store.openSnapshot();
    return snapshot;
  };

  test("of an empty vault is empty", async () => {
    const view = await open();
    expect(view.head).toEqual(emptyHead);
    expect([await collect(view.rows()), await secretRows(view), await denialRows(view)]).toEqual([[], [], []]);
  });

  test("shows log and vault as they were when it was opened", async () => {
    const secret = secretNamed("a");
    const denials = [{ seq: 1, zid: "ZEQ1", zeqond: 5 }];
    const first = await write(store, () => ({ inserts: [secret], denials }));
    const view = await open();
    await write(store, (head) => ({
      rows: rowsAfter(head, [{}, {}]),
      updates: [{ secret: { ...secret, version: 2, boundZid: "ZEQ2" }, fromVersion: 1 }],
      inserts: [secretNamed("b")],
      denials: [{ seq: 2, zid: "ZEQ1", zeqond: 900 }],
      nowZeqond: 920,
    }));
    expect(view.head).toEqual(first.to);
    expect(await collect(view.rows())).toEqual(first.rows);
    expect(await secretRows(view)).toMatchObject([{ name: "a", version: 1, boundZid: "ZEQ-SYS" }]);
    expect(await denialRows(view)).toEqual(denials);
    await place.sql("DELETE FROM audit_log");
    expect(await collect(view.rows())).toEqual(first.rows);
  });

  test("gives rows and denials in the order of seq, over many pages", async () => {
    const count = 2_100;
    const { rows } = await write(store, (head) => ({ rows: rowsAfter(head, Array(count).fill({})) }));
    await write(store, () => ({ denials: rows.map(({ seq }) => ({ seq, zid: `ZEQ${seq % 7}`, zeqond: 1 })) }));
    const view = await open();
    const all = await collect(view.rows());
    expect(all.length).toBe(count + 1);
    expect(all.slice(0, count)).toEqual(rows);
    const seqs = (await denialRows(view)).map(({ seq }) => seq);
    expect(seqs).toEqual(rows.map(({ seq }) => seq));
  });

  test("gives secrets by name, byte by byte, over many pages", async () => {
    const names = [...hostileNames, ...Array.from({ length: 2_100 }, (_, index) => `many ${index}`)];
    await write(store, () => ({ inserts: names.map((name) => secretNamed(name)) }));
    const found = (await secretRows(await open())).map(({ name }) => name);
    expect(found).toEqual(names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  });

  test("gives a secret's row as the database holds it", async () => {
    const secret = secretNamed("a", { permissions: ["ZEQ1", "é"], purposeTag: "", expiresZeqond: null });
    await write(store, () => ({ inserts: [secret] }));
    const { permissions, readCount: _reads, lastReadZeqond: _last, ...columns } = secret;
    const expected = { ...columns, permissionsJson: JSON.stringify(permissions) };
    expect(await secretRows(await open())).toEqual([expected]);
    await snapshot?.close();
    await place.sql(`UPDATE secret SET permissions = ' ["ZEQ1" ]'`);
    expect(await secretRows(await open())).toMatchObject([{ permissionsJson: ' ["ZEQ1" ]' }]);
  });

  test("lets writers go on, and is one of several", async () => {
    const views: Snapshot[] = [];
    for (let seq = 0; seq < 3; seq++) {
      views.push(await store.openSnapshot());
      await write(store, () => ({}));
    }
    for (const [index, view] of views.entries()) {
      expect(view.head.seq).toBe(index);
      expect((await collect(view.rows())).length).toBe(index);
      await view.close();
    }
  });
}
