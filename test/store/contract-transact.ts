import { VaultError } from "../../src/base/errors.ts";
import type { Head } from "../../src/ledger/row.ts";
import type { LedgerWrite, Store } from "../../src/ledger/store.ts";
import {
  emptyHead,
  listSecrets,
  load,
  request,
  rowAfter,
  rowsAfter,
  secretNamed,
  write,
  writeAfter,
} from "../support/ledger.ts";
import type { NewPlace, Place } from "../support/places.ts";

export function describeTransact(newPlace: NewPlace): void {
  let place: Place;
  let store: Store;

  beforeEach(async () => {
    place = await newPlace();
    store = await place.open();
  });
  afterEach(() => place.close());

  const refused = (parts: LedgerWrite) => store.transact(request(), () => parts);

  test("begins with an empty log", async () => {
    const { head, secrets, denials, rowHashes } = await load(store, { secrets: ["a"], denials: ["ZEQ1"] });
    expect(head).toEqual(emptyHead);
    expect([secrets.size, denials.size, rowHashes.size]).toEqual([0, 0, 0]);
  });

  test("moves the head to the last row that it wrote", async () => {
    const first = await write(store, (head) => ({ rows: rowsAfter(head, [{}, {}, {}]) }));
    expect(first.from).toEqual(emptyHead);
    expect((await load(store)).head).toEqual(first.to);
    const second = await write(store, () => ({}));
    expect(second.from).toEqual(first.to);
    expect((await load(store)).head).toEqual({ seq: 4, rowHash: second.to.rowHash });
  });

  test("gives the hashes of the rows that are asked for, and none for those that are not there", async () => {
    const { rows } = await write(store, (head) => ({ rows: rowsAfter(head, [{}, {}, {}]) }));
    const { rowHashes } = await load(store, { rowHashesAt: [1, 3, 4] });
    expect([...rowHashes].sort()).toEqual([
      [1, rows[0]?.rowHash],
      [3, rows[2]?.rowHash],
    ]);
  });

  test("writes nothing when there is nothing to write", async () => {
    await store.transact(request(), () => null);
    expect((await load(store)).head).toEqual(emptyHead);
    await write(store, () => ({}));
  });

  test.each<[string, (head: Head) => Head]>([
    ["an earlier head", () => emptyHead],
    ["a head of another hash", ({ seq }) => ({ seq, rowHash: "f".repeat(64) })],
    ["a head that is not there yet", ({ seq }) => ({ seq: seq + 1, rowHash: "f".repeat(64) })],
  ])("conflicts when it was decided on %s, and writes nothing", async (_what, stale) => {
    const kept = secretNamed("kept");
    const { to } = await write(store, (head) => ({ rows: rowsAfter(head, [{}, {}]), inserts: [kept] }));
    const parts = {
      inserts: [secretNamed("new")],
      updates: [{ secret: { ...kept, boundZid: "ZEQ2", version: 2 }, fromVersion: 1 }],
      reads: [{ name: kept.name, readCount: 9, lastReadZeqond: 9 }],
      denials: [{ seq: 99, zid: "ZEQ1", zeqond: 9 }],
    };
    await expect(refused(writeAfter(stale(to), parts))).rejects.toMatchObject({ kind: "conflict" });
    const { head, secrets, denials } = await load(store, { secrets: ["kept", "new"], denials: ["ZEQ1"] });
    expect(head).toEqual(to);
    expect([...secrets.values()]).toEqual([kept]);
    expect(denials.size).toBe(0);
    expect(await place.sql("SELECT COUNT(*) FROM audit_log")).toEqual([["2"]]);
  });

  test("conflicts when only the head is not what it was, all its rows being new", async () => {
    const rows = [rowAfter({ seq: 40, rowHash: "f".repeat(64) })];
    await expect(refused(writeAfter(emptyHead, { from: { seq: 3, rowHash: "a".repeat(64) }, rows }))).rejects.toThrow(
      expect.objectContaining({ kind: "conflict" }),
    );
    expect(await place.sql("SELECT COUNT(*) FROM audit_log")).toEqual([["0"]]);
  });

  test.each([
    ["an Error", new TypeError("a bug")],
    ["an error with a code, as Node's own have", Object.assign(new Error("a bug"), { code: "ERR_INVALID_ARG_TYPE" })],
    ["an error with a code of ours", new VaultError("SEAL_BROKEN", "the sealed value does not open")],
  ])("passes through what the decision throws, and stays usable: %s", async (_what, bug) => {
    const decide = () => {
      throw bug;
    };
    await expect(store.transact(request({ secrets: ["a"] }), decide)).rejects.toBe(bug);
    const { from } = await write(store, () => ({ inserts: [secretNamed("a")] }));
    expect(from).toEqual(emptyHead);
    expect((await load(store, { secrets: ["a"] })).secrets.size).toBe(1);
  });

  test("takes transactions one after the other", async () => {
    const writes = await Promise.all(Array.from({ length: 20 }, () => write(store, () => ({}))));
    expect(writes.map(({ to }) => to.seq)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    writes.slice(1).forEach(({ from }, index) => {
      expect(from).toEqual(writes[index]?.to);
    });
  });

  test("keeps what it wrote when the store is closed and opened again", async () => {
    const secret = secretNamed("a", { permissions: ["ZEQ1"], readCount: 3, lastReadZeqond: 5 });
    const { to } = await write(store, () => ({ inserts: [secret] }));
    await store.close();
    const again = await load(await place.open(), { secrets: ["a"] });
    expect(again.head).toEqual(to);
    expect(again.secrets.get("a")).toEqual(secret);
  });

  test("fails as unavailable once the store is closed", async () => {
    await store.close();
    await expect(load(store)).rejects.toMatchObject({ name: "StoreFailure", kind: "unavailable" });
    await expect(listSecrets(store, null, 1, emptyHead)).rejects.toMatchObject({
      name: "StoreFailure",
      kind: "unavailable",
    });
    await expect(store.ping()).rejects.toMatchObject({ name: "StoreFailure", kind: "unavailable" });
  });

  test("fails as unavailable when the head of the log is gone", async () => {
    await place.sql("DELETE FROM audit_head");
    await expect(load(store)).rejects.toMatchObject({ name: "StoreFailure", kind: "unavailable" });
    await expect(store.openSnapshot()).rejects.toMatchObject({ name: "StoreFailure", kind: "unavailable" });
  });
}
