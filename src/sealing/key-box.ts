import { decrypt, encrypt, ivBytes, type RandomBytes, sealBroken } from "./aead.ts";
import type { SealingKey } from "./master-key.ts";

/**
 * A box under the sealing key itself: `format (1) | key id (8) | IV (12) | ciphertext | tag (16)`. It holds small
 * things: data keys and the key check. IVs are random, so one key may lock 2^32 boxes (NIST SP 800-38D §8.3); that is
 * one for each set, rotation, grant and revoke, not for each read.
 */
export interface KeyBox {
  lock(clear: Uint8Array, associatedData: Uint8Array): Uint8Array;
  /** @throws VaultError `SEAL_BROKEN`, also for a box of another format */
  unlock(box: Uint8Array, associatedData: Uint8Array): Uint8Array;
}

const keyIdEnd = 9;

/** The id of the key that a box says it is locked with. */
export function keyIdIn(box: Uint8Array): string {
  return Buffer.from(box.subarray(1, keyIdEnd)).toString("hex");
}

/** @param format stands in the first byte: what the associated data of the box covers */
export function createKeyBox(sealingKey: SealingKey, random: RandomBytes, format: number): KeyBox {
  const header = Buffer.concat([Uint8Array.of(format), Buffer.from(sealingKey.id, "hex")]);
  return {
    lock: (clear, associatedData) => encrypt(sealingKey.key, header, random(ivBytes), associatedData, clear),
    unlock: (box, associatedData) => {
      if (box[0] !== format) {
        throw sealBroken("the box has an unknown format");
      }
      if (!header.equals(box.subarray(0, header.length))) {
        throw sealBroken("another key sealed it");
      }
      return decrypt(sealingKey.key, header.length, associatedData, box);
    },
  };
}
