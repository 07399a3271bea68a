import fc from "fast-check";
import { VaultError } from "../../src/base/errors.ts";
import { Plaintext } from "../../src/base/plaintext.ts";
import { type Binding, createSealer, type SealedSecret } from "../../src/sealing/envelope.ts";
import { createKeyring } from "../../src/sealing/keyring.ts";
import { anyBinding, anyValue, quickSealingKey } from "./sealing-arbitraries.ts";

const sealer = createSealer(createKeyring(quickSealingKey(1)));

const binding: Binding = {
  table: "zsc_secrets",
  id: "0191e3a0-0000-7000-8000-000000000001",
  name: "db/password",
  version: 3,
  boundZid: "ZEQ-SYS",
  permissions: ["ZEQ1", "ZEQ2"],
  purposeTag: "billing",
  expiresZeqond: 2_289_691_901,
  createdAt: "2026-05-17T13:11:14.277Z",
  updatedAt: "2026-05-18T13:11:14.277Z",
};

function seal(value: string, under: Binding = binding): SealedSecret {
  return sealer.seal(Plaintext.fromString(value), under);
}

function expectBroken(act: () => unknown): void {
  let thrown: unknown;
  try {
    act();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(VaultError);
  expect(thrown).toMatchObject({ code: "SEAL_BROKEN", message: "the sealed value does not open" });
}

describe("sealing", () => {
  test("gives back what was sealed, under any binding", () => {
    fc.assert(
      fc.property(anyValue, anyBinding, (value, under) => {
        expect(sealer.open(seal(value, under), under).text()).toBe(value);
      }),
    );
  });

  test("gives back the largest value", () => {
    const value = "\u{10ffff}".repeat(16_384);
    expect(sealer.open(seal(value), binding).text()).toBe(value);
  });

  test("keeps a byte order mark", () => {
    expect(sealer.open(seal("\ufeffx"), binding).text()).toBe("\ufeffx");
  });

  test("has the lengths that format 2 says", () => {
    const sealed = seal("four");
    expect([sealed.sealedKey.length, sealed.sealedValue.length]).toEqual([69, 1 + 12 + 4 + 16]);
  });

  test("uses a fresh data key and fresh IVs each time", () => {
    const sealed = Array.from({ length: 100 }, () => seal("same"));
    const parts = sealed.flatMap(({ sealedKey, sealedValue }) => [
      Buffer.from(sealedKey.subarray(9, 21)).toString("hex"),
      Buffer.from(sealedKey.subarray(21, 53)).toString("hex"),
      Buffer.from(sealedValue.subarray(1, 13)).toString("hex"),
    ]);
    expect(new Set(parts).size).toBe(300);
  });

  test("leaves the plaintext to the caller", () => {
    const plaintext = Plaintext.fromString("mine");
    sealer.seal(plaintext, binding);
    expect(plaintext.text()).toBe("mine");
  });

  test("wipes the data key, also when sealing fails", () => {
    const lent: Uint8Array[] = [];
    const watched = createSealer(createKeyring(quickSealingKey(1)), (size) => {
      const bytes = Buffer.alloc(size, 0xaa);
      lent.push(bytes);
      return bytes;
    });
    const wiped = Plaintext.fromString("gone");
    wiped.wipe();
    expect(() => watched.seal(wiped, binding)).toThrow("wiped");
    watched.seal(Plaintext.fromString("x"), binding);
    const dataKeys = lent.filter((bytes) => bytes.length === 32);
    expect(dataKeys.map((key) => Buffer.from(key).toString("hex"))).toEqual(["00".repeat(32), "00".repeat(32)]);
  });
});

describe("opening", () => {
  test("fails when any single bit of either part is another", () => {
    const sealed = seal("value");
    for (const part of ["sealedKey", "sealedValue"] as const) {
      for (let bit = 0; bit < sealed[part].length * 8; bit += 1) {
        const flipped = Uint8Array.from(sealed[part]);
        flipped.set([(flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))], bit >> 3);
        expectBroken(() => sealer.open({ ...sealed, [part]: flipped }, binding));
      }
    }
  });

  test("fails at every shorter length of either part, and at longer ones", () => {
    const sealed = seal("value");
    for (const part of ["sealedKey", "sealedValue"] as const) {
      for (let length = 0; length < sealed[part].length; length += 1) {
        expectBroken(() => sealer.open({ ...sealed, [part]: sealed[part].subarray(0, length) }, binding));
      }
      expectBroken(() => sealer.open({ ...sealed, [part]: Buffer.concat([sealed[part], Buffer.of(0)]) }, binding));
    }
  });

  test("fails on bytes that nobody sealed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (sealedKey, sealedValue) => {
        expectBroken(() => sealer.open({ sealedKey, sealedValue }, binding));
        expectBroken(() => sealer.check({ sealedKey, sealedValue }, binding));
        expectBroken(() => sealer.rebind({ sealedKey, sealedValue }, binding, binding));
      }),
    );
  });

  test.each<[string, Partial<Binding>]>([
    ["table", { table: "zsc_secret" }],
    ["id", { id: "0191e3a0-0000-7000-8000-000000000002" }],
    ["name", { name: "db/passwore" }],
    ["name with a space at its end", { name: "db/password " }],
    ["version", { version: 4 }],
    ["owner", { boundZid: "ZEQ-EVIL" }],
    ["permission added", { permissions: ["ZEQ1", "ZEQ2", "ZEQ-EVIL"] }],
    ["permission taken away", { permissions: ["ZEQ1"] }],
    ["permissions in another order", { permissions: ["ZEQ2", "ZEQ1"] }],
    ["permissions joined", { permissions: ["ZEQ1ZEQ2"] }],
    ["tag", { purposeTag: "billin" }],
    ["tag that is empty", { purposeTag: "" }],
    ["tag that is none", { purposeTag: null }],
    ["expiry", { expiresZeqond: 0 }],
    ["expiry that is never", { expiresZeqond: null }],
    ["time of its making", { createdAt: "2026-05-17T13:11:14.278Z" }],
    ["time of its last change", { updatedAt: "2026-05-17T13:11:14.277Z" }],
  ])("fails under another %s", (_what, change) => {
    expectBroken(() => sealer.open(seal("value"), { ...binding, ...change }));
    expectBroken(() => sealer.check(seal("value"), { ...binding, ...change }));
  });

  test("fails under every other binding", () => {
    fc.assert(
      fc.property(anyBinding, anyBinding, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        expectBroken(() => sealer.open(seal("value", one), other));
      }),
    );
  });

  const others: readonly Partial<Binding>[] = [
    { table: "other" },
    { name: "other" },
    { version: binding.version + 1 },
    { boundZid: "ZEQ-OTHER" },
    { permissions: [] },
    { permissions: ["ZEQ-OTHER", ...binding.permissions.slice(1)] },
    { purposeTag: null },
    { expiresZeqond: 0 },
    { createdAt: binding.updatedAt },
    { updatedAt: binding.createdAt },
  ];

  test.each(others)("fails under %j also once it was opened, and its key is remembered", (change) => {
    const sealed = seal("value");
    expect(sealer.open(sealed, binding).text()).toBe("value");
    expectBroken(() => sealer.open(sealed, { ...binding, ...change }));
  });

  test("fails when a field moves over to its neighbour", () => {
    const one = { ...binding, name: "ab", boundZid: "c", permissions: ["d", "e"] };
    const sealed = seal("value", one);
    expectBroken(() => sealer.open(sealed, { ...one, name: "a", boundZid: "bc" }));
    expectBroken(() => sealer.open(sealed, { ...one, boundZid: "c2", permissions: ["de"] }));
  });

  test("fails when the value is that of another secret, or of another version of this one", () => {
    const mine = seal("mine");
    const older = seal("older", { ...binding, version: 2 });
    const other = seal("other", { ...binding, id: "0191e3a0-0000-7000-8000-000000000002", name: "other" });
    expectBroken(() => sealer.open({ ...mine, sealedValue: older.sealedValue }, binding));
    expectBroken(() => sealer.open({ ...mine, sealedValue: other.sealedValue }, binding));
    expectBroken(() => sealer.open({ ...mine, sealedKey: older.sealedKey }, binding));
    expectBroken(() => sealer.open(other, binding));
  });

  test("fails under another master key, also when that has the same id", () => {
    expectBroken(() => createSealer(createKeyring(quickSealingKey(2))).open(seal("value"), binding));
    const namesake = { ...quickSealingKey(2), id: quickSealingKey(1).id };
    expectBroken(() => createSealer(createKeyring(namesake)).open(seal("value"), binding));
  });

  test("fails when the value is not UTF-8", () => {
    const sealed = sealer.seal(Plaintext.fromBytes(Buffer.of(0xc3, 0x28)), binding);
    expectBroken(() => sealer.open(sealed, binding));
  });
});

describe("binding again", () => {
  const granted: Binding = { ...binding, version: 4, permissions: ["ZEQ1", "ZEQ2", "ZEQ3"] };

  test("opens under the new binding and no longer under the old one", () => {
    const rebound = sealer.rebind(seal("value"), binding, granted);
    expect(sealer.open(rebound, granted).text()).toBe("value");
    expectBroken(() => sealer.open(rebound, binding));
  });

  test("leaves the value as it is and takes a fresh IV", () => {
    const sealed = seal("value");
    const rebound = sealer.rebind(sealed, binding, binding);
    expect(rebound.sealedValue).toBe(sealed.sealedValue);
    expect(Buffer.from(rebound.sealedKey.subarray(9, 21))).not.toEqual(Buffer.from(sealed.sealedKey.subarray(9, 21)));
  });

  test("needs the binding under which it was sealed", () => {
    expectBroken(() => sealer.rebind(seal("value"), granted, binding));
  });

  test.each([{ table: "other" }, { id: "other" }, { name: "other" }])("refuses another row: %o", (change) => {
    expect(() => sealer.rebind(seal("value"), binding, { ...binding, ...change })).toThrow("another row");
  });
});

describe("what a failure tells", () => {
  test("names a reason for the logs and holds no material", () => {
    const sealed = seal("canary-value-4711");
    const parts = [sealed.sealedKey, sealed.sealedValue].map((bytes) => Buffer.from(bytes).toString("hex"));
    try {
      sealer.open(sealed, { ...binding, version: 9 });
    } catch (error) {
      const { stack, cause } = error as VaultError;
      const text = `${stack} ${String(cause)} ${JSON.stringify(error)}`;
      expect(text).toContain("does not authenticate");
      for (const secret of ["canary-value-4711", ...parts]) {
        expect(text).not.toContain(secret);
      }
    }
    expect.assertions(4);
  });
});
