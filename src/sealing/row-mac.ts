import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from "node:crypto";
import type { RowMac } from "../base/index.ts";
import { keyBytes } from "./aead.ts";
import { keyIdIn } from "./key-box.ts";
import type { Keyring } from "./keyring.ts";
import type { SealingKey } from "./master-key.ts";

const format = 1;
const headerBytes = 9;
const macBytes = headerBytes + 32;
const info = "zsc-row-mac-v1";

/**
 * `format (1) | key id (8) | HMAC-SHA-256 (32)`, under a key that HKDF derives from the sealing key (RFC 5869), without
 * salt and with the info `zsc-row-mac-v1`. A MAC of an unknown key, format or length is none.
 */
export function createRowMac({ current, keys }: Keyring): RowMac {
  const macKeys = new Map([...keys].map(([id, key]) => [id, macKeyOf(key)]));
  const header = Buffer.concat([Uint8Array.of(format), Buffer.from(current.id, "hex")]);
  const currentKey = macKeyOf(current);
  return {
    vouch: (input) => Buffer.concat([header, hmac(currentKey, input)]),
    isVouched(input, mac) {
      const key = mac.length === macBytes && mac[0] === format ? macKeys.get(keyIdIn(mac)) : undefined;
      return key !== undefined && timingSafeEqual(mac.subarray(headerBytes), hmac(key, input));
    },
  };
}

function macKeyOf({ key }: SealingKey): KeyObject {
  const derived = Buffer.from(hkdfSync("sha256", key, new Uint8Array(), info, keyBytes));
  try {
    return createSecretKey(derived);
  } finally {
    derived.fill(0);
  }
}

function hmac(key: KeyObject, input: Uint8Array): Buffer {
  return createHmac("sha256", key).update(input).digest();
}
