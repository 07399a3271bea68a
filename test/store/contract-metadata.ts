import { pageBytes, type Store } from "../../src/ledger/store.ts";
import { metadataOf } from "../../src/secrets/secret.ts";
import { secrets } from "../../src/secrets/tables.ts";
import {
  auditRows,
  dueSecrets,
  emptyHead,
  listSecrets,
  load,
  rowAfter,
  rowsAfter,
  secretNamed,
  write,
} from "../support/ledger.ts";
import type { NewPlace, Place } from "../support/places.ts";
import { hostileNames } from "./contract-texts.ts";

export function describeMetadata(newPlace: NewPlace): void {
  let place: Place;
  let store: Store;

  beforeEach(async () => {
    place = await newPlace();
    store = await place.open();
  });
  afterEach(() => place.close());

  const create = (names: readonly string[], expiresZeqond: number | null = 100) =>
    write(store, () => ({ inserts: names.map((name) => secretNamed(name, { expiresZeqond })) }));

  async function pages<T>(page: (after: string | null) => Promise<readonly T[]>, nameOf: (entry: T) => string) {
    const names: string[][] = [];
    for (let after: string | null = null; ; after = names.at(-1)?.at(-1) ?? null) {
      const found = (await page(after)).map(nameOf);
      if (found.length === 0) {
        return names;
      }
      names.push(found);
    }
  }

  test("secrets are listed by name, byte by byte, page by page", async () => {
    await create([...hostileNames].reverse());
    const sorted = [...hostileNames].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect((await listSecrets(store, null, 1_000, emptyHead)).map(({ name }) => name)).toEqual(sorted);
    const found = await pages(
      (after) => listSecrets(store, after, 7, emptyHead),
      ({ name }) => name,
    );
    expect(found.map((page) => page.length)).toEqual([7, 7, 7, 7, 7, hostileNames.length - 35]);
    expect(found.flat()).toEqual(sorted);
  });

  test("a page may begin behind a name that is not there", async () => {
    await create(["a", "b", "c"]);
    expect((await listSecrets(store, "aa", 5, emptyHead)).map(({ name }) => name)).toEqual(["b", "c"]);
    expect(await listSecrets(store, "c", 5, emptyHead)).toEqual([]);
  });

  test("a listed secret has all that is shown of it, its counters included, and nothing that is sealed", async () => {
    const never = secretNamed("never read", { permissions: ["ZEQ2", "ZEQ1"], expiresZeqond: null });
    const read = secretNamed("read", { purposeTag: "tag", readCount: 3, lastReadZeqond: 9 });
    await write(store, () => ({ inserts: [read, never] }));
    expect(await listSecrets(store, null, 10, emptyHead)).toEqual([never, read].map(metadataOf));
  });

  test("a list of large secrets comes in pages of a bounded size, one secret at least", async () => {
    const permissions = Array.from({ length: 1_000 }, (_, index) => `ZEQ-${index}-`.padEnd(128, "9"));
    const names = Array.from({ length: 9 }, (_, index) => `large ${index}`);
    await write(store, () => ({ inserts: names.map((name) => secretNamed(name, { permissions })) }));
    const found = await pages(
      (after) => listSecrets(store, after, 1_000, emptyHead),
      ({ name }) => name,
    );
    const most = Math.max(1, Math.floor(pageBytes / JSON.stringify(permissions).length) + 1);
    expect(Math.max(...found.map((page) => page.length))).toBeLessThanOrEqual(most);
    expect(found.flat()).toEqual(names);
  });

  test("rows about a secret go on before the last one", async () => {
    const { rows } = await write(store, (head) => ({ rows: rowsAfter(head, [{}, {}, {}, {}]) }));
    expect(await auditRows(store, "zsc:a", 2, emptyHead, rows[2]?.seq)).toEqual([rows[1], rows[0]]);
    expect(await auditRows(store, "zsc:a", 2, emptyHead, rows[0]?.seq)).toEqual([]);
  });

  test("a listing shows one moment, its count included, whatever is written meanwhile", async () => {
    await create(["a", "b", "c", "d"]);
    const { to } = await write(store, () => ({}));
    const listing = await store.openListing(secrets, { after: ["a"] }, to);
    const [first] = await listing.next(["a"], 1);
    const { secrets: loaded } = await load(store, { secrets: ["c"] });
    await write(store, () => ({ deletes: [...loaded.values()], inserts: [secretNamed("bb"), secretNamed("e")] }));
    const rest = await listing.next(["b"], 10);
    expect([first, ...rest].map((secret) => secret?.name)).toEqual(["b", "c", "d"]);
    expect(listing.count).toBe(3);
    expect(await listing.next(["d"], 10)).toEqual([]);
    await listing.close();
    const later = await store.openListing(secrets, { after: null }, to);
    expect(later.count).toBe(5);
    await later.close();
  });

  test("an empty vault lists nothing", async () => {
    expect(await listSecrets(store, null, 10, emptyHead)).toEqual([]);
    expect(await auditRows(store, "zsc:a", 10, emptyHead)).toEqual([]);
    expect(await dueSecrets(store, Number.MAX_SAFE_INTEGER, null, 10)).toEqual([]);
  });

  test("what is read shows the row that it must, or nothing", async () => {
    const first = (await create(["a"])).to;
    const second = (await create(["b"])).to;
    const never = { seq: second.seq + 1, rowHash: second.rowHash };
    const another = { seq: second.seq, rowHash: first.rowHash };
    for (const head of [first, second]) {
      expect(await listSecrets(store, null, 10, head)).toHaveLength(2);
      expect(await auditRows(store, "zsc:a", 10, head)).toHaveLength(1);
    }
    for (const head of [never, another]) {
      const unavailable = { name: "StoreFailure", kind: "unavailable" };
      await expect(listSecrets(store, null, 10, head)).rejects.toMatchObject(unavailable);
      await expect(auditRows(store, "zsc:a", 10, head)).rejects.toMatchObject(unavailable);
    }
  });

  test("rows about a secret come newest first, at most as many as asked for", async () => {
    const { rows } = await write(store, (head) => ({ rows: rowsAfter(head, [{}, {}, {}, {}]) }));
    expect(await auditRows(store, "zsc:a", 10, emptyHead)).toEqual([...rows].reverse());
    expect(await auditRows(store, "zsc:a", 2, emptyHead)).toEqual([rows[3], rows[2]]);
  });

  test("rows about a secret are those of its name, byte by byte", async () => {
    await write(store, (head) => ({
      rows: rowsAfter(
        head,
        hostileNames.map((name) => ({ originId: `zsc:${name}`, payloadJson: JSON.stringify({ name }) })),
      ),
    }));
    for (const name of hostileNames) {
      const rows = await auditRows(store, `zsc:${name}`, 10, emptyHead);
      expect(rows.map((row) => [row.originId, row.payloadJson])).toEqual([[`zsc:${name}`, JSON.stringify({ name })]]);
    }
    expect(await auditRows(store, "zsc:b", 10, emptyHead)).toEqual([]);
  });

  test("rows before one come newest first, of the type, the actors and the words that are wanted, each with the id before it", async () => {
    const { rows } = await write(store, (head) => ({
      rows: rowsAfter(head, [
        { originId: "vault:1/a", transitionType: "secret.read", actorZid: "user:1", payloadJson: '{"path":"a"}' },
        { originId: "vault:1/b", transitionType: "secret.write", actorZid: "user:2", payloadJson: '{"path":"b%_"}' },
        { originId: "policy:1", transitionType: "secret.read", actorZid: "agent:1", payloadJson: '{"note":"q\\"Ω"}' },
        { originId: "vault:2/a", transitionType: "secret.read", actorZid: "user:1", payloadJson: '{"path":"a"}' },
      ]),
    }));
    const all = { fromSeq: 1, beforeSeq: 5 };
    const seqs = async (select: object, limit = 10) =>
      (await store.rowsBefore({ ...all, ...select }, limit, emptyHead)).map(({ row }) => row.seq);
    const found = await store.rowsBefore(all, 10, emptyHead);
    expect(found.map(({ row }) => row)).toEqual([...rows].reverse());
    expect(found.map(({ beforeId }) => beforeId)).toEqual([rows[2]?.id, rows[1]?.id, rows[0]?.id, null]);
    expect(await seqs({}, 2)).toEqual([4, 3]);
    expect(await seqs({ fromSeq: 2, beforeSeq: 4 })).toEqual([3, 2]);
    expect(await seqs({ types: ["secret.read"] })).toEqual([4, 3, 1]);
    expect(await seqs({ actors: ["user:2", "agent:1"] })).toEqual([3, 2]);
    expect(await seqs({ mentions: "vault:1/" })).toEqual([2, 1]);
    expect(await seqs({ mentions: "%" })).toEqual([2]);
    expect(await seqs({ mentions: 'q"Ω' })).toEqual([3]);
    expect(await seqs({ types: ["secret.read"], actors: ["user:1"], mentions: "vault:2" })).toEqual([4]);
    const never = { seq: 5, rowHash: rows[0]?.rowHash ?? "" };
    await expect(store.rowsBefore(all, 1, never)).rejects.toMatchObject({ kind: "unavailable" });
  });

  test("rows about a secret are those whose type begins with secret_", async () => {
    const types = [
      "secret_set",
      "admin_info",
      "secretXset",
      "Secret_set",
      "xsecret_set",
      "secret",
      "secret_",
      "secret_denied",
    ];
    await write(store, (head) => ({
      rows: rowsAfter(
        head,
        types.map((transitionType) => ({ transitionType })),
      ),
    }));
    const found = (await auditRows(store, "zsc:a", 10, emptyHead)).map(({ transitionType }) => transitionType);
    expect(found).toEqual(["secret_denied", "secret_", "secret_set"]);
  });

  test("rows of a deleted secret are still there", async () => {
    const secret = secretNamed("a");
    const first = await write(store, () => ({ inserts: [secret] }));
    const second = await write(store, (head) => ({ rows: [rowAfter(head)], deletes: [secret] }));
    expect(await auditRows(store, "zsc:a", 10, emptyHead)).toEqual([...second.rows, ...first.rows]);
  });

  test("a secret is due from its Zeqond on, and never when it has none", async () => {
    await create(["at 100"], 100);
    await create(["at 101"], 101);
    await create(["never"], null);
    expect(await dueSecrets(store, 99, null, 10)).toEqual([]);
    expect(await dueSecrets(store, 100, null, 10)).toEqual(["at 100"]);
    expect(await dueSecrets(store, 101, null, 10)).toEqual(["at 100", "at 101"]);
  });

  test("due secrets are listed by name, byte by byte, page by page", async () => {
    await create([...hostileNames].reverse());
    const sorted = [...hostileNames].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const found = await pages(
      (after) => dueSecrets(store, 100, after, 9),
      (name) => name,
    );
    expect(found.flat()).toEqual(sorted);
  });

  test("a permissions column that is no list of strings permits nobody", async () => {
    await create(["a"]);
    for (const damaged of ["", "null", "{}", '"ZEQ1"', '["ZEQ1", 2]', "[", "ZEQ1"]) {
      await place.sql(`UPDATE secret SET permissions = '${damaged}'`);
      expect((await listSecrets(store, null, 1, emptyHead))[0]?.permissions).toEqual([]);
    }
  });
}
