import { createHmac, createSecretKey, type KeyObject, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import type { Plaintext } from "../base/index.ts";
import { keyBytes } from "./aead.ts";

/** The key that seals data keys. The key material stays in a KeyObject, which does not print it. */
export interface SealingKey {
  /** Identifies the key without revealing it: 16 lower-case hex digits. */
  readonly id: string;
  readonly key: KeyObject;
}

/** Where a master key comes from. */
export interface MasterKeySource {
  /** The key's 32 bytes, which the caller wipes. Throws an Error that quotes no input. */
  load(): Promise<Uint8Array>;
}

/** 64 hex digits: of a setting, of a file that a setting names, or of the developer's key file. Wiped once loaded. */
export function hexSource(text: Plaintext): MasterKeySource {
  return {
    async load() {
      try {
        return parseMasterKey(text.text());
      } finally {
        text.wipe();
      }
    },
  };
}

const derivationRounds = 200_000;
const derivationSalt = "HULYAS.ZeqField.f=1.287Hz.τ=0.777s.α=1.29e-3";
const keyIdBytes = 8;

/**
 * Parses the master key from 64 hex digits.
 *
 * @throws Error that states the expected format and quotes no input.
 */
export function parseMasterKey(hex: string): Uint8Array {
  if (!/^[0-9a-fA-F]{64}$/.test(hex)) {
    throw new Error("the master key must be exactly 64 hex digits (32 bytes)");
  }
  return Buffer.from(hex, "hex");
}

/** Derives the sealing key (contract, section 5). Takes about 100 ms on another thread, once at start. */
export async function deriveSealingKey(masterKey: Uint8Array): Promise<SealingKey> {
  if (masterKey.length !== keyBytes) {
    throw new Error("the master key must be 32 bytes");
  }
  const derived = await promisify(pbkdf2)(masterKey, derivationSalt, derivationRounds, keyBytes, "sha256");
  const key = createSecretKey(derived);
  derived.fill(0);
  return { id: keyIdOf(key), key };
}

function keyIdOf(key: KeyObject): string {
  return createHmac("sha256", key).update("zsc-key-id-v1").digest().toString("hex", 0, keyIdBytes);
}
