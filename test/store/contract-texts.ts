import type { Head } from "../../src/ledger/row.ts";
import { originIdOf, zeroHash } from "../../src/ledger/row.ts";
import type { Store } from "../../src/ledger/store.ts";
import { bindingOf } from "../../src/secrets/drafts.ts";
import {
  auditRows,
  collect,
  denialRows,
  dueSecrets,
  emptyHead,
  load,
  plain,
  rowAfter,
  rowsAfter,
  secretNamed,
  testSealer,
  write,
} from "../support/ledger.ts";
import type { NewPlace, Place } from "../support/places.ts";

/** Names that databases are known to merge, cut, match or execute. */
export const hostileNames: readonly string[] = [
  "a",
  "A",
  "a ",
  "a  ",
  " a",
  "á",
  "a\u0301",
  "é",
  "e\u0301",
  "ß",
  "ss",
  "ﬀ",
  "ff",
  "🔑",
  "🔐",
  "\u{10FFFF}",
  "%",
  "_",
  "a%",
  "\\",
  "\\'",
  "'",
  '"',
  "`",
  "a'b",
  "a\\b",
  "?",
  "??",
  "$1",
  ":name",
  "'; DROP TABLE secret; --",
  "\\'; DROP TABLE secret; -- ",
  "1",
  "01",
  "1e0",
  "null",
  "\u00a0",
  "\u200b",
  "x".repeat(255),
  "x".repeat(254),
  "é".repeat(127),
  "🔑".repeat(63),
];

const max = Number.MAX_SAFE_INTEGER;

export function describeTexts(newPlace: NewPlace): void {
  let place: Place;
  let store: Store;

  beforeAll(async () => {
    place = await newPlace();
    store = await place.open();
    const secrets = hostileNames.map((name) => secretNamed(name, { purposeTag: tagOf(name) }));
    await write(store, () => ({ inserts: secrets }));
  });
  afterAll(() => place.close());

  const loaded = async (name: string) => (await load(store, { secrets: [name] })).secrets.get(name);

  test.each(hostileNames)("%j names one secret and no other", async (name) => {
    const { secrets } = await load(store, { secrets: [name] });
    expect([...secrets.values()].map((secret) => [secret.name, secret.purposeTag])).toEqual([[name, tagOf(name)]]);
  });

  test("all of them are loaded at once, each for itself", async () => {
    const { secrets } = await load(store, { secrets: hostileNames });
    expect([...secrets.keys()].sort()).toEqual([...hostileNames].sort());
  });

  test.each(["ab", "B", "a   ", "á ", "\u0301", "%%", "x".repeat(253)])("%j names none of them", async (name) => {
    expect(await loaded(name)).toBeUndefined();
  });

  test("a hostile name can be updated, read and deleted without touching another", async () => {
    const all = await load(store, { secrets: hostileNames });
    for (const name of ["A", "a ", "%", "\\", "'; DROP TABLE secret; --"]) {
      const before = all.secrets.get(name);
      if (before === undefined) {
        throw new Error("not there");
      }
      const secret = { ...before, version: 2 };
      await write(store, () => ({ updates: [{ secret, fromVersion: 1 }] }));
      await write(store, () => ({ reads: [{ ...before, readCount: 1, lastReadZeqond: 1 }] }));
      expect(await loaded(name)).toEqual({ ...secret, readCount: 1, lastReadZeqond: 1 });
      await write(store, () => ({ deletes: [secret] }));
      expect(await loaded(name)).toBeUndefined();
      await write(store, () => ({ inserts: [before] }));
    }
    expect((await load(store, { secrets: hostileNames })).secrets).toEqual(all.secrets);
  });

  test.each(hostileNames.filter((name) => Buffer.byteLength(name) <= 128))(
    "%j is a ZID, and nobody else",
    async (zid) => {
      const secret = secretNamed(`owned by ${zid}`, { boundZid: zid, permissions: [zid, "ZEQ1"] });
      const { to } = await write(store, (head) => ({
        rows: [rowAfter(head, { actorZid: zid })],
        inserts: [secret],
        denials: [{ seq: head.seq + 1, zid, zeqond: 7 }],
      }));
      const { secrets, denials } = await load(store, { secrets: [secret.name], denials: [zid] });
      expect(secrets.get(secret.name)).toEqual(secret);
      expect([...denials]).toEqual([[zid, [7]]]);
      expect((await auditRows(store, "zsc:a", 1, emptyHead))[0]).toMatchObject({ seq: to.seq, actorZid: zid });
    },
  );

  test.each<[string, Uint8Array]>([
    ["each byte there is", Uint8Array.from({ length: 256 }, (_, byte) => byte)],
    ["bytes that SQL quotes", Buffer.from(`'"\\\0\x1a\n\r%_?;--`)],
    ["a megabyte", Buffer.alloc(1_048_576, 0xff)],
    ["nothing", new Uint8Array()],
    ["a part of a larger buffer", Buffer.from("..part..").subarray(2, 6)],
  ])("sealed bytes come back as they were: %s", async (what, bytes) => {
    await write(store, () => ({ inserts: [secretNamed(`bytes: ${what}`, { sealedValue: bytes })] }));
    const back = (await loaded(`bytes: ${what}`))?.sealedValue;
    expect(Buffer.from(back ?? []).equals(Buffer.from(bytes))).toBe(true);
  });

  test.each([
    ["NUL", "a\0b\0"],
    ["65,536 bytes", "v".repeat(65_536)],
    ["characters of 4 bytes", "🔑".repeat(16_384)],
  ])("a value opens after its way through the database: %s", async (what, value) => {
    const sealer = testSealer();
    const bare = secretNamed(`value: ${what}`, { boundZid: "ZEQ-ßÖ", permissions: ["é", "'"] });
    const secret = { ...bare, ...sealer.seal(plain(value), bindingOf(bare)) };
    await write(store, () => ({ inserts: [secret] }));
    const back = await loaded(secret.name);
    if (back === undefined) {
      throw new Error("not there");
    }
    expect(sealer.open(back, bindingOf(back)).text()).toBe(value);
  });

  test("integers are exact up to 2^53 - 1", async () => {
    const counters = { readCount: max, lastReadZeqond: max };
    const secret = secretNamed("large", { expiresZeqond: max, version: max, ...counters });
    const seq = (await load(store)).head.seq + 1;
    const denials = [{ seq, zid: "ZEQ-LARGE", zeqond: max }];
    const row = (head: Head) => rowAfter(head, { originId: originIdOf(secret.name), zeqondNumber: max });
    await write(store, (head) => ({ rows: [row(head)], inserts: [secret], denials }));
    const back = await load(store, { secrets: ["large"], denials: ["ZEQ-LARGE"], nowZeqond: max - 120 });
    expect(back.secrets.get("large")).toEqual(secret);
    expect(back.denials.get("ZEQ-LARGE")).toEqual([max]);
    expect((await auditRows(store, "zsc:large", 1, emptyHead))[0]?.zeqondNumber).toBe(max);
    expect(await dueSecrets(store, max - 1, "kept", 10)).not.toContain("large");
    expect(await dueSecrets(store, max, "kept", 10)).toContain("large");
    await write(store, () => ({ updates: [{ secret: { ...secret, version: max }, fromVersion: max }] }));
    await write(store, () => ({ deletes: [secret] }));
  });

  test("texts of a row are kept to the letter", async () => {
    const payloads = [
      '{"z":1,"a":2,"m":{"b":1,"a":2}}',
      '{"name":"\\u0000\\u00e9\\ud83d\\ude00","n":1.0,"n":1e2}',
      '{"name":"é🔑","quote":"\\"","back":"\\\\","slash":"\\/"}',
      ` {  "spaces" : [ ] } `,
      JSON.stringify({ permissions: Array.from({ length: 1_000 }, () => "🔑'\\\"".repeat(16)) }),
    ];
    const texts = { originId: "zsc:texts", proofPurpose: "'é\\🔑", createdAt: "2026-05-17T13:11:14.000Z" };
    const { rows } = await write(store, (head) => ({
      rows: rowsAfter(
        head,
        payloads.map((payloadJson) => ({ ...texts, payloadJson })),
      ),
    }));
    expect(await auditRows(store, "zsc:texts", 9, emptyHead)).toEqual([...rows].reverse());
  });

  test("times are kept to the millisecond", async () => {
    const times = { createdAt: "1999-12-31T23:59:59.999Z", updatedAt: "2026-05-17T13:11:14.001Z" };
    await write(store, (head) => ({
      rows: [rowAfter(head, { originId: "zsc:times", createdAt: times.createdAt })],
      inserts: [secretNamed("times", times)],
    }));
    expect(await loaded("times")).toMatchObject(times);
    expect((await auditRows(store, "zsc:times", 1, emptyHead))[0]?.createdAt).toBe(times.createdAt);
  });

  test("the log goes on behind the largest seq but one", async () => {
    const lonely = await newPlace();
    const other = await lonely.open();
    await lonely.sql(`UPDATE audit_head SET seq = ${max - 1} WHERE id = 1`);
    const expected: Head = { seq: max - 1, rowHash: zeroHash };
    const { rows, to } = await write(other, (head) => {
      expect(head).toEqual(expected);
      return { denials: [{ seq: max, zid: "ZEQ1", zeqond: 1 }] };
    });
    expect((await load(other, { rowHashesAt: [max] })).rowHashes.get(max)).toBe(to.rowHash);
    const snapshot = await other.openSnapshot();
    expect(await collect(snapshot.rows())).toEqual(rows);
    expect(await denialRows(snapshot)).toEqual([{ seq: max, zid: "ZEQ1", zeqond: 1 }]);
    await snapshot.close();
    await lonely.close();
  });
}

/** Tells which of the names it is, byte by byte. */
function tagOf(name: string): string {
  return Buffer.from(name).toString("hex").slice(0, 100) + Buffer.byteLength(name);
}
