import { createHash, randomUUID } from "node:crypto";
import { changeMarks } from "../../src/ledger/last-change.ts";
import type { Operation } from "../../src/ledger/operation.ts";
import { bindingOf } from "../../src/secrets/drafts.ts";
import type { Secret } from "../../src/secrets/secret.ts";
import { secrets } from "../../src/secrets/tables.ts";
import { sealV1 } from "../sealing/vectors/envelope-v1.ts";
import { admin, secretNamed } from "../support/ledger.ts";
import { type MemoryVault, memoryVault } from "../support/memory-vault.ts";
import { clearOf, grant, outcomeOf, probe, read, revoke, rotate, rotateDue, set } from "./calls.ts";

const random = (size: number) => createHash("shake256", { outputLength: size }).update(randomUUID()).digest();

/** What the first release set, sealed as it sealed. */
function setOfOld(fields: Partial<Secret>): Operation<void> {
  const bare = secretNamed("a", fields);
  const sealingKey = { id: "7".padStart(16, "0"), key: Buffer.alloc(32, 7) };
  const secret = { ...bare, ...sealV1(sealingKey, bindingOf(bare), "sealed long ago", random) };
  const payload = { name: "a", purpose: "created", ...changeMarks(secrets, secret) };
  return {
    needs: [{ table: secrets, key: ["a"] }],
    weight: { rows: 1, bytes: 0 },
    apply: () => ({
      outcome: { kind: "done", value: undefined },
      changes: [{ kind: "put", table: secrets, record: secret }],
      drafts: [{ type: "secret_set", originId: "zsc:a", actorZid: admin.zid, purpose: "set", payload }],
    }),
  };
}

describe("a secret that was sealed in format 1", () => {
  let vault: MemoryVault;

  beforeEach(() => {
    vault = memoryVault();
    vault.run(setOfOld({ permissions: ["ZEQ1"], purposeTag: "billing", expiresZeqond: 0 }));
    expect(vault.secret("a").sealedKey[0]).toBe(1);
  });

  test("is read and probed as before, and stays as it is", () => {
    expect([clearOf(vault, "a"), clearOf(vault, "a")]).toEqual(["sealed long ago", "sealed long ago"]);
    expect(outcomeOf(vault, read("a", "ZEQ1"))).toBe("granted");
    expect(vault.run(probe("a", "ZEQ1")).value).toEqual({ granted: true });
    expect(vault.secret("a").sealedKey[0]).toBe(1);
  });

  test.each<[string, () => Operation<unknown>]>([
    ["a set", () => set("a", { value: "sealed long ago" })],
    ["a grant", () => grant("a", "ZEQ2")],
    ["a revoke", () => revoke("a", "ZEQ1")],
    ["a rotation", () => rotate("a")],
    ["the daemon's rotation", () => rotateDue("a")],
  ])("is of format 2 after %s, and then bound to all of its row", (_what, change) => {
    expect(outcomeOf(vault, change())).toBe("granted");
    expect(vault.secret("a").sealedKey[0]).toBe(2);
    expect(clearOf(vault, "a")).toBe("sealed long ago");
    for (const altered of [{ purposeTag: null }, { expiresZeqond: 1 }, { createdAt: "" }, { updatedAt: "" }]) {
      const whole = vault.secret("a");
      vault.secrets.set("a", { ...whole, ...altered });
      expect(clearOf(vault, "a")).toBe("SEAL_BROKEN");
      vault.secrets.set("a", whole);
    }
  });

  test("is not changed when its tag or its expiry was altered, though it opens", () => {
    for (const altered of [{ purposeTag: null }, { expiresZeqond: -1 }, { updatedAt: "" }]) {
      const whole = vault.secret("a");
      vault.secrets.set("a", { ...whole, ...altered });
      expect(clearOf(vault, "a")).toBe("sealed long ago");
      expect(outcomeOf(vault, rotateDue("a"))).toBe("SEAL_BROKEN");
      vault.secrets.set("a", { ...vault.secret("a"), ...whole });
    }
  });
});
