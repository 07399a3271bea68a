import { AllowedUses } from "../../src/surfaces/vault/allowed-uses.ts";

const ann = { sub: "user:ann", jti: "1", keyId: "k", epoch: 0 };
const bob = { ...ann, sub: "user:bob" };

describe("uses that were allowed before", () => {
  test("are those of the place, the caller, his key and the use", () => {
    const allowed = new AllowedUses(100);
    allowed.add("v/a", ann, "secret.read");
    expect(allowed.has("v/a", ann, "secret.read")).toBe(true);
    expect(allowed.has("v/a", { ...ann, jti: "2" }, "secret.read")).toBe(true);
    expect(allowed.has("v/a", ann, "secret.write")).toBe(false);
    expect(allowed.has("v/b", ann, "secret.read")).toBe(false);
    expect(allowed.has("v/a", bob, "secret.read")).toBe(false);
    expect(allowed.has("v/a", { ...ann, keyId: null }, "secret.read")).toBe(false);
  });

  test("are never more than the bound, whether of many places or of many callers of one", () => {
    for (const of of [
      (index: number) => [`v/${index}`, ann] as const,
      (index: number) => ["v/a", { ...ann, sub: `user:${index}` }] as const,
    ]) {
      const allowed = new AllowedUses(10);
      const uses = Array.from({ length: 1_000 }, (_, index) => of(index));
      for (const [place, credential] of uses) {
        allowed.add(place, credential, "secret.read");
      }
      const found = uses.filter(([place, credential]) => allowed.has(place, credential, "secret.read"));
      expect(found.length).toBeLessThanOrEqual(10);
      expect(found).toContain(uses[999]);
    }
  });

  test("stay while they are asked for", () => {
    const allowed = new AllowedUses(10);
    allowed.add("busy", ann, "secret.read");
    for (let index = 0; index < 1_000; index++) {
      allowed.add(`v/${index}`, ann, "secret.read");
      expect(allowed.has("busy", ann, "secret.read")).toBe(true);
    }
  });
});
