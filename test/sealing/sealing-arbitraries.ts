import { createSecretKey } from "node:crypto";
import fc from "fast-check";
import type { Binding } from "../../src/sealing/envelope.ts";
import type { SealingKey } from "../../src/sealing/master-key.ts";

const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });

export const anyBinding: fc.Arbitrary<Binding> = fc.record({
  table: fc.constantFrom("zsc_secrets", "vault_secrets"),
  id: fc.uuid(),
  name: word,
  version: fc.integer({ min: 1 }),
  boundZid: word,
  permissions: fc.uniqueArray(word, { maxLength: 5 }),
  purposeTag: fc.option(word),
  expiresZeqond: fc.option(fc.maxSafeNat()),
  createdAt: word,
  updatedAt: word,
});

/** Well-formed text of any characters, NUL included. */
export const anyValue = fc.string({ unit: "binary", minLength: 1, maxLength: 300 });

/** A sealing key without the derivation, which takes its time. */
export function quickSealingKey(byte: number): SealingKey {
  const id = byte.toString(16).padStart(2, "0").repeat(8);
  return { id, key: createSecretKey(Buffer.alloc(32, byte)) };
}
