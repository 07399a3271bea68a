import { maxPermissions } from "../../src/base/names.ts";
import { rotationZeqonds } from "../../src/base/zeqond.ts";
import type { Secret } from "../../src/secrets/secret.ts";
import { type MemoryVault, memoryVault } from "../support/memory-vault.ts";
import { clearOf, grant, outcomeOf, payloadOf, read, remove, revoke, rotate, rotateDue, set } from "./calls.ts";

let vault: MemoryVault;

beforeEach(() => {
  vault = memoryVault();
  vault.run(set("a", { purposeTag: "billing", boundZid: "ZEQ1", permissions: ["ZEQ2"] }));
  vault.run(read("a"));
  vault.clock.advanceZeqonds(500);
});

const now = () => vault.clock.now();

/** Data key and value with their IVs, tags and all: what two sealings must not share. */
function partsOf({ sealedKey, sealedValue }: Secret): readonly string[] {
  const [key, value] = [Buffer.from(sealedKey).toString("hex"), Buffer.from(sealedValue).toString("hex")];
  return [
    key.slice(18, 42),
    key.slice(42, 106),
    key.slice(106),
    value.slice(2, 26),
    value.slice(26, -32),
    value.slice(-32),
  ];
}

describe("rotate", () => {
  test("seals the same value again: nothing of the old sealing is left, and nothing else changes but the time", () => {
    const before = vault.secret("a");
    expect(vault.run(rotate("a")).value).toBeUndefined();
    const after = vault.secret("a");
    const { sealedKey, sealedValue } = after;
    const moved = { version: 2, updatedAt: now().iso, expiresZeqond: now().zeqond + rotationZeqonds };
    expect(after).toEqual({ ...before, ...moved, sealedKey, sealedValue });
    partsOf(after).forEach((part, index) => {
      expect(part).not.toBe(partsOf(before)[index]);
    });
    expect(clearOf(vault, "a")).toBe("the value");
  });

  test("gives a secret that was never to be rotated by itself the usual time", () => {
    vault.run(set("a", { expiresZeqond: null }));
    vault.run(rotate("a"));
    expect(vault.secret("a").expiresZeqond).toBe(now().zeqond + rotationZeqonds);
  });

  test.each(["v", "\0", "é🔑", "v".repeat(65_536)])("never changes the value, however often (%#)", (value) => {
    vault.run(set("a", { value }));
    vault.runAll([rotate("a"), rotate("a"), grant("a", "ZEQ9"), rotate("a"), revoke("a", "ZEQ9"), rotate("a")]);
    expect(clearOf(vault, "a")).toBe(value);
    expect(vault.secret("a").version).toBe(8);
  });
});

describe("the rotation of what is due", () => {
  const rotatedAt = (expiresZeqond: number | null) => {
    vault.run(set("a", { expiresZeqond }));
    const { value, rows } = vault.run(rotateDue("a"));
    return [value, rows.length, vault.secret("a").version];
  };

  test.each([
    ["the Zeqond before", -1, [true, 1, 3]],
    ["this very Zeqond", 0, [true, 1, 3]],
    ["the next Zeqond", 1, [false, 0, 2]],
  ])("seals what is due since %s, or leaves no trace", (_when, offset, expected) => {
    expect(rotatedAt(now().zeqond + offset)).toEqual(expected);
  });

  test("leaves alone what is never due", () => {
    expect(rotatedAt(null)).toEqual([false, 0, 2]);
  });

  test("leaves no trace of a secret that is gone", () => {
    vault.run(remove("a"));
    const { value, rows } = vault.run(rotateDue("a"));
    expect([value, rows]).toEqual([false, []]);
  });

  test("happens once, however many ask for it", () => {
    vault.run(set("a", { expiresZeqond: 0 }));
    const values = vault.runAll([rotateDue("a"), rotateDue("a"), rotateDue("a")]).map(({ value }) => value);
    expect(values).toEqual([true, false, false]);
    expect(vault.run(rotateDue("a")).value).toBe(false);
    expect(vault.secret("a")).toMatchObject({ version: 3, expiresZeqond: now().zeqond + rotationZeqonds });
  });

  test("is the system's doing", () => {
    vault.run(set("a", { expiresZeqond: 0 }));
    const [row] = vault.run(rotateDue("a")).rows;
    expect(row).toMatchObject({ transitionType: "secret_rotated", actorZid: "ZEQ-SYS", proofPurpose: "auto_rotated" });
  });
});

describe("grant and revoke", () => {
  test("answer the whole list, in the order of the grants", () => {
    expect(vault.run(grant("a", "ZEQ9")).value).toEqual(["ZEQ2", "ZEQ9"]);
    expect(vault.run(grant("a", "ZEQ3")).value).toEqual(["ZEQ2", "ZEQ9", "ZEQ3"]);
    expect(vault.run(revoke("a", "ZEQ9")).value).toEqual(["ZEQ2", "ZEQ3"]);
    expect(vault.run(grant("a", "ZEQ9")).value).toEqual(["ZEQ2", "ZEQ3", "ZEQ9"]);
  });

  test.each([
    ["a grant of what was granted", grant("a", "ZEQ2"), ["ZEQ2"]],
    ["a revoke of what was not granted", revoke("a", "ZEQ7"), ["ZEQ2"]],
    ["a grant to the owner", grant("a", "ZEQ1"), ["ZEQ2", "ZEQ1"]],
    ["a grant to another spelling", grant("a", "zeq2"), ["ZEQ2", "zeq2"]],
  ])("record %s", (_what, operation, permissions) => {
    const { value, rows } = vault.run(operation);
    expect(value).toEqual(permissions);
    expect(rows.map(({ transitionType }) => transitionType)).toEqual(["secret_set"]);
    expect(clearOf(vault, "a")).toBe("the value");
  });

  test("seal the data key again and leave the value, the rotation and the counters alone", () => {
    const before = vault.secret("a");
    vault.run(grant("a", "ZEQ9"));
    const after = vault.secret("a");
    const { sealedKey } = after;
    const moved = { permissions: ["ZEQ2", "ZEQ9"], version: 2, updatedAt: now().iso, sealedKey };
    expect(after).toEqual({ ...before, ...moved });
    expect(partsOf(after).slice(0, 3)).not.toEqual(partsOf(before).slice(0, 3));
    expect(outcomeOf(vault, read("a", "ZEQ9"))).toBe("granted");
  });

  test("hold no more permissions than there may be", () => {
    const many = Array.from({ length: maxPermissions }, (_, index) => `ZEQ-${index}`);
    vault.run(set("a", { permissions: many }));
    const { error, rows } = vault.run(grant("a", "ZEQ-ONE-MORE"));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", message: "too many permissions (>1000)" });
    expect(payloadOf(rows[0])).toEqual({ name: "a", purpose: "grant", reason: "error" });
    expect(vault.run(grant("a", "ZEQ-7")).value).toEqual(many);
    expect(vault.run(revoke("a", "ZEQ-0")).value).toEqual(many.slice(1));
    expect(vault.run(grant("a", "ZEQ-ONE-MORE")).value?.length).toBe(maxPermissions);
  });
});
