import fc from "fast-check";
import type { Condition, Order, Store } from "../../src/ledger/store.ts";
import type { Key } from "../../src/ledger/table.ts";
import { metadataOf, type Secret } from "../../src/secrets/secret.ts";
import { secrets } from "../../src/secrets/tables.ts";
import { emptyHead, secretNamed, write } from "../support/ledger.ts";
import type { NewPlace, Place } from "../support/places.ts";
import { hostileNames } from "./contract-texts.ts";

/** What a selection has, and in which order, beside a plain model. */
export function describeSelections(newPlace: NewPlace): void {
  let place: Place;
  let store: Store;

  beforeAll(async () => {
    place = await newPlace();
    store = await place.open();
    await write(store, () => ({ inserts: stored }));
  });
  afterAll(() => place?.close());

  const zids = ["ZEQ-1", "zeq-1", 'a"b', "a\\", ",", '","', "[", "ÀÉ", "zéq", "ZEQ-11"];
  const tags = ["billing", "Billing", "", null];
  const names = [
    ...new Set([...hostileNames, "app/A", "app/B", "APP/a", "apq", "app", "app/\u{10ffff}", "Àpp/a", "àpp/a"]),
  ];
  const stored: readonly Secret[] = names.map((name, index) =>
    secretNamed(name, {
      purposeTag: tags[index % tags.length] ?? null,
      boundZid: zids[index % zids.length] ?? "",
      permissions: zids.filter((_, at) => (index >> (at % 5)) % 2 === 1),
      expiresZeqond: index % 3 === 0 ? null : (index * 7) % 11,
      readCount: index % 4,
      lastReadZeqond: index % 4 === 0 ? null : (index * 5) % 13,
      updatedAt: `2026-01-0${1 + (index % 5)}T00:00:00.000Z`,
    }),
  );

  const text = fc.oneof(
    fc.constantFrom(...names, ...names.map((name) => name.slice(0, 3))),
    fc.string({ maxLength: 4, unit: "grapheme" }),
  );
  const ofColumns: fc.Arbitrary<Condition> = fc.oneof(
    text.map((of) => ({ kind: "starts_with", field: "name", text: of }) as const),
    text.map((of) => ({ kind: "contains", field: "name", text: of }) as const),
    fc.constantFrom(...zids).map((zid) => ({ kind: "equals", field: "boundZid", value: zid }) as const),
    fc.constantFrom("billing", "Billing").map((tag) => ({ kind: "equals", field: "purposeTag", value: tag }) as const),
    fc
      .constantFrom(...zids, "ZEQ", "a", "")
      .map((zid) => ({ kind: "holds", field: "permissions", text: zid }) as const),
    fc.nat(12).map((value) => ({ kind: "at_most", field: "expiresZeqond", value }) as const),
    fc.constant({ kind: "absent", field: "purposeTag" } as const),
  );
  const condition: fc.Arbitrary<Condition> = fc.oneof(
    { arbitrary: ofColumns, weight: 3 },
    fc.nat(3).map((value) => ({ kind: "equals", field: "readCount", value }) as const),
    fc.constant({ kind: "absent", field: "lastReadZeqond" } as const),
  );
  const where = fc.array(
    fc.oneof(
      condition,
      fc.array(ofColumns, { minLength: 1, maxLength: 3 }).map((of) => ({ kind: "either", of }) as const),
    ),
    { maxLength: 3 },
  );
  const order: fc.Arbitrary<Order> = fc
    .record({
      field: fc.constantFrom(undefined, "updatedAt", "expiresZeqond", "lastReadZeqond", "readCount"),
      descending: fc.boolean(),
    })
    .map(({ field, descending }) =>
      field === undefined
        ? { descending }
        : { field, descending, ...(field in absents ? { absent: absents[field] as number } : {}) },
    );

  test("is what a plain model has, page by page, whatever is asked", async () => {
    await fc.assert(
      fc.asyncProperty(where, order, fc.integer({ min: 1, max: 9 }), async (conditions, ordering, size) => {
        const expected = stored
          .filter((secret) => conditions.every((each) => meets(secret, each)))
          .sort(comparison(ordering))
          .map(metadataOf);
        const found: Secret[] = [];
        let after: Key | null = null;
        for (;;) {
          const page: readonly Secret[] = await store.page(
            secrets,
            { after, where: conditions, order: ordering },
            size,
          );
          found.push(...page);
          const last = page.at(-1);
          if (last === undefined) {
            break;
          }
          after = ordering.field === undefined ? [last.name] : [placeIn(last, ordering), last.name];
        }
        expect(found.map(metadataOf)).toEqual(expected);
        expect(await store.count(secrets, { after: null, where: conditions }, emptyHead)).toBe(expected.length);
      }),
      { numRuns: 150 },
    );
  });

  test("only A to Z have another case", async () => {
    const names = async (text: string) => {
      const select = { after: null, where: [{ kind: "contains", field: "name", text }] } as const;
      return (await store.page(secrets, select, 10)).map(({ name }) => name);
    };
    expect([await names("ÀPP/"), await names("àPp/"), await names("pP/A")]).toEqual([
      ["Àpp/a"],
      ["àpp/a"],
      expect.arrayContaining(["APP/a", "app/A", "Àpp/a", "àpp/a"]),
    ]);
  });

  test("a list of permissions that is no list holds nobody, and hides no other row", async () => {
    const own = await newPlace();
    const other = await own.open();
    try {
      await write(other, () => ({ inserts: [secretNamed("a", { permissions: ["ZEQ-1"] }), secretNamed("b")] }));
      await own.sql("UPDATE secret SET permissions = '[\"ZEQ-1\"' WHERE name = 'b'");
      const held = { after: null, where: [{ kind: "holds", field: "permissions", text: "ZEQ-1" }] } as const;
      expect((await other.page(secrets, held, 10)).map(({ name }) => name)).toEqual(["a"]);
    } finally {
      await own.close();
    }
  });
}

const absents: Readonly<Record<string, number>> = { expiresZeqond: Number.MAX_SAFE_INTEGER, lastReadZeqond: -1 };

function placeIn(secret: Secret, { field = "", absent = 0 }: Order): string | number {
  return ((secret as unknown as Record<string, string | number | null>)[field] ?? absent) as string | number;
}

function comparison(order: Order) {
  const sign = order.descending ? -1 : 1;
  const byName = (a: Secret, b: Secret) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
  return (a: Secret, b: Secret) => {
    if (order.field === undefined) {
      return sign * byName(a, b);
    }
    const [x, y] = [placeIn(a, order), placeIn(b, order)];
    return x === y ? byName(a, b) : sign * (x < y ? -1 : 1);
  };
}

function meets(secret: Secret, condition: Condition): boolean {
  if (condition.kind === "either") {
    return condition.of.some((each) => meets(secret, each));
  }
  const value = (secret as unknown as Record<string, unknown>)[condition.field] as never;
  const bytes = (text: string) => Buffer.from(text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
  switch (condition.kind) {
    case "equals":
      return value === condition.value;
    case "at_most":
      return value !== null && value <= condition.value;
    case "absent":
      return value === null;
    case "starts_with":
      return Buffer.from(value).subarray(0, Buffer.byteLength(condition.text)).equals(Buffer.from(condition.text));
    case "contains":
      return bytes(value).includes(bytes(condition.text));
    case "holds":
      return (value as readonly string[]).includes(condition.text);
  }
}
