import { decrypt, encrypt, ivBytes, type RandomBytes, sealBroken } from "./aead.ts";
import type { SealingKey } from "./master-key.ts";

/**
 * Encrypts under the sealing key itself: `format (1) | key id (8) | IV (12) | ciphertext | tag (16)`. Used for data
 * keys and the key check. IVs are random, so one key may lock 2^32 boxes (NIST SP 800-38D §8.3); each set, rotation,
 * grant and revoke takes one, a read takes none.
 */
export interface KeyBox {
  lock(clear: Uint8Array, associatedData: Uint8Array): Uint8Array;
  /** @throws VaultError `SEAL_BROKEN`, also for a box of another format */
  unlock(box: Uint8Array, associatedData: Uint8Array): Uint8Array;
}

const keyIdEnd = 9;

/** The key id in a box's header, which is not authenticated. */
export function keyIdIn(box: Uint8Array): string {
  return Buffer.from(box.subarray(1, keyIdEnd)).toString("hex");
}

/** @param format the first byte: the format of the box's associated data */
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
