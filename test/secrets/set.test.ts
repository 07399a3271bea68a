import { rotationZeqonds } from "../../src/base/zeqond.ts";
import type { SetInput } from "../../src/secrets/set.ts";
import { type MemoryVault, memoryVault } from "../support/memory-vault.ts";
import { clearOf, payloadOf, read, remove, set } from "./calls.ts";

describe("set", () => {
  let vault: MemoryVault;

  beforeEach(() => {
    vault = memoryVault();
  });

  const now = () => vault.clock.now();
  const later = () => {
    vault.clock.advanceZeqonds(1_000);
    return now();
  };

  test("creates a secret with its defaults", () => {
    expect(vault.run(set("a", { value: "value" })).value).toBe(1);
    expect(vault.secret("a")).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      name: "a",
      purposeTag: null,
      boundZid: "ZEQ-SYS",
      permissions: [],
      expiresZeqond: now().zeqond + rotationZeqonds,
      version: 1,
      sealedKey: expect.anything(),
      sealedValue: expect.anything(),
      createdAt: now().iso,
      updatedAt: now().iso,
      readCount: 0,
      lastReadZeqond: null,
    });
    expect(clearOf(vault, "a")).toBe("value");
  });

  test("creates a secret with what is given", () => {
    vault.run(set("a", { purposeTag: "billing", boundZid: "ZEQ1", permissions: ["ZEQ3", "ZEQ2"], expiresZeqond: 5 }));
    const given = { purposeTag: "billing", boundZid: "ZEQ1", permissions: ["ZEQ3", "ZEQ2"], expiresZeqond: 5 };
    expect(vault.secret("a")).toMatchObject(given);
  });

  test("changes nothing on an update but what is given, the value, and the time of the next rotation", () => {
    vault.run(
      set("a", { value: "one", purposeTag: "billing", boundZid: "ZEQ1", permissions: ["ZEQ2"], expiresZeqond: 5 }),
    );
    vault.run(read("a"));
    const before = vault.secret("a");
    const { iso, zeqond } = later();
    vault.run(set("a", { value: "two" }));
    const after = vault.secret("a");
    const { sealedKey, sealedValue } = after;
    const moved = { version: 2, updatedAt: iso, expiresZeqond: zeqond + rotationZeqonds, sealedKey, sealedValue };
    expect(after).toEqual({ ...before, ...moved });
    expect(after.sealedKey).not.toEqual(before.sealedKey);
    expect(clearOf(vault, "a")).toBe("two");
  });

  type Given = Omit<SetInput, "name" | "value">;
  test.each<[string, Given, Given]>([
    ["a null tag", { purposeTag: null }, { purposeTag: null }],
    ["an empty tag", { purposeTag: "" }, { purposeTag: null }],
    ["another tag", { purposeTag: "other" }, { purposeTag: "other" }],
    ["another owner", { boundZid: "ZEQ9" }, { boundZid: "ZEQ9" }],
    ["no permissions", { permissions: [] }, { permissions: [] }],
    ["other permissions", { permissions: ["ZEQ4", "ZEQ3"] }, { permissions: ["ZEQ4", "ZEQ3"] }],
    ["permissions twice", { permissions: ["B", "A", "B", "a", "A"] }, { permissions: ["B", "A", "a"] }],
    ["no rotation", { expiresZeqond: null }, { expiresZeqond: null }],
    ["a rotation at 0", { expiresZeqond: 0 }, { expiresZeqond: 0 }],
    ["a rotation at the end of time", { expiresZeqond: 2 ** 53 - 1 }, { expiresZeqond: 2 ** 53 - 1 }],
  ])("takes %s, on a create and on an update", (_what, given, expected) => {
    vault.run(set("new", given));
    vault.run(set("old", { purposeTag: "billing", boundZid: "ZEQ1", permissions: ["ZEQ2"], expiresZeqond: 5 }));
    vault.run(set("old", given));
    expect(vault.secret("new")).toMatchObject(expected);
    expect(vault.secret("old")).toMatchObject({
      purposeTag: "billing",
      boundZid: "ZEQ1",
      permissions: ["ZEQ2"],
      ...given,
      ...expected,
    });
    expect([clearOf(vault, "new"), clearOf(vault, "old")]).toEqual(["the value", "the value"]);
  });

  test("moves the rotation from never to the usual time again when it says nothing", () => {
    vault.run(set("a", { expiresZeqond: null }));
    vault.run(set("a"));
    expect(vault.secret("a").expiresZeqond).toBe(now().zeqond + rotationZeqonds);
  });

  test("seals afresh each time, also the same value", () => {
    const seals = [1, 2, 3].map(() => {
      vault.run(set("a", { value: "same" }));
      const { sealedKey, sealedValue } = vault.secret("a");
      return [sealedKey, sealedValue].map((bytes) => Buffer.from(bytes).toString("hex"));
    });
    expect(new Set(seals.flat()).size).toBe(6);
  });

  test.each(["v", "a\0b\0", "é🔑", "v".repeat(65_536), "🔑".repeat(16_384)])(
    "keeps a value to the letter (%#)",
    (value) => {
      vault.run(set("a", { value }));
      expect(clearOf(vault, "a")).toBe(value);
    },
  );

  test("makes another secret of a name that was deleted", () => {
    vault.run(set("a", { purposeTag: "billing", permissions: ["ZEQ1"], boundZid: "ZEQ2" }));
    vault.run(read("a"));
    const before = vault.secret("a");
    vault.run(remove("a"));
    const { iso } = later();
    vault.run(set("a"));
    const blank = { purposeTag: null, permissions: [], boundZid: "ZEQ-SYS", version: 1, createdAt: iso, readCount: 0 };
    expect(vault.secret("a")).toMatchObject(blank);
    expect(vault.secret("a").id).not.toBe(before.id);
  });

  test("tells a creation from an update in its row", () => {
    vault.runAll([set("a"), set("a"), remove("a"), set("a")]);
    const purposes = vault.log.map((row) => payloadOf(row)["purpose"]);
    expect(purposes).toEqual(["created", "updated", "deleted", "created"]);
    expect(vault.log.map(({ proofPurpose }) => proofPurpose)).toEqual(["set", "set", "deleted", "set"]);
  });

  test("takes the weight of its value into the batch", () => {
    expect(set("a", { value: "é".repeat(100) }).weight).toEqual({ rows: 1, bytes: 400 });
  });
});
