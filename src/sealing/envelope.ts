import { isUtf8 } from "node:buffer";
import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { BoundedMap, Plaintext } from "../base/index.ts";
import { decrypt, encrypt, ivBytes, keyBytes, type RandomBytes, sealBroken } from "./aead.ts";
import { type Binding, dataKeyAssociatedData, isSameBinding, type KeyFormat, valueAssociatedData } from "./binding.ts";
import { createKeyBox, type KeyBox, keyIdIn } from "./key-box.ts";
import type { Keyring } from "./keyring.ts";
import type { SealingKey } from "./master-key.ts";

export type { Binding } from "./binding.ts";

export interface SealedSecret {
  /**
   * The data key, encrypted under the sealing key: `format (1) | key id (8) | IV (12) | ciphertext (32) | tag (16)`.
   * Data keys are sealed in format 2. Format 1, which does not bind purpose tag, expiry and times, can still be opened.
   */
  readonly sealedKey: Uint8Array;
  /** The value, encrypted under its data key, format 1: `0x01 | IV (12) | ciphertext | tag (16)`. */
  readonly sealedValue: Uint8Array;
}

/** Seals and opens values. Synchronous, without I/O. */
export interface Sealer {
  /** Seals under a fresh data key and fresh IVs. The caller still owns the plaintext and must wipe it. */
  seal(plaintext: Plaintext, binding: Binding): SealedSecret;

  /**
   * Opens a value that was sealed under exactly this binding. Whether the caller may read it is not checked here.
   *
   * @throws VaultError `SEAL_BROKEN` for every failure
   */
  open(sealed: SealedSecret, binding: Binding): Plaintext;

  /**
   * Reseals the data key under a changed binding, in the newest format; the sealed value stays as it is. Both bindings
   * MUST have the same table, id and name.
   *
   * @throws VaultError `SEAL_BROKEN` when the data key does not open under `from`; the value is not checked
   */
  rebind(sealed: SealedSecret, from: Binding, to: Binding): SealedSecret;

  /**
   * Verifies that the data key opens under this binding; the value is not checked.
   *
   * @throws VaultError `SEAL_BROKEN`
   */
  check(sealed: SealedSecret, binding: Binding): void;
}

const valueHeader = Uint8Array.of(1);
const newestFormat = 2;

/** Limit of cached opened data keys. */
const maxDataKeys = 4_096;
/** A data key with more permissions is not cached, because its binding would take too much memory. */
const maxRememberedPermissions = 16;

export function createSealer(keyring: Keyring, random: RandomBytes = randomBytes): Sealer {
  const dataKeys = createDataKeys(keyring, random);
  return {
    seal: (plaintext, binding) => {
      const dataKey = random(keyBytes);
      try {
        const sealedKey = dataKeys.lock(dataKey, binding);
        return { sealedKey, sealedValue: sealValue(dataKey, random(ivBytes), plaintext, binding) };
      } finally {
        dataKey.fill(0);
      }
    },
    open: ({ sealedKey, sealedValue }, binding) => openValue(dataKeys.find(sealedKey, binding), sealedValue),
    rebind: ({ sealedKey, sealedValue }, from, to) => {
      assertSameRow(from, to);
      return { sealedKey: dataKeys.use(sealedKey, from, (dataKey) => dataKeys.lock(dataKey, to)), sealedValue };
    },
    check: ({ sealedKey }, binding) => dataKeys.use(sealedKey, binding, () => undefined),
  };
}

interface DataKeys {
  lock(dataKey: Uint8Array, binding: Binding): Uint8Array;
  /** Calls `work` with the data key and wipes it afterwards. */
  use<T>(sealedKey: Uint8Array, binding: Binding, work: (dataKey: Uint8Array) => T): T;
  /** The data key, from the cache if it was opened from the same sealed bytes under the same binding. */
  find(sealedKey: Uint8Array, binding: Binding): OpenedKey;
}

interface OpenedKey {
  readonly sealedKey: Uint8Array;
  readonly binding: Binding;
  readonly key: KeyObject;
  /** The associated data of the value. */
  readonly valueData: Uint8Array;
}

type KeyBoxes = Readonly<Record<KeyFormat, KeyBox>>;

function createDataKeys({ current, keys }: Keyring, random: RandomBytes): DataKeys {
  const boxesOf = (key: SealingKey): KeyBoxes => ({
    1: createKeyBox(key, random, 1),
    2: createKeyBox(key, random, newestFormat),
  });
  const boxes = new Map([...keys].map(([id, key]) => [id, boxesOf(key)]));
  const newest = boxesOf(current)[newestFormat];
  // A grant, a revoke, a set and a rotation all replace the sealed bytes, which invalidates the cached entry. The cache
  // never decides who may read: the gate does, on the current row.
  const opened = new BoundedMap<OpenedKey>(maxDataKeys);
  const use: DataKeys["use"] = (sealedKey, binding, work) => {
    const format = sealedKey[0] === 1 ? 1 : newestFormat;
    const keyId = keyIdIn(sealedKey);
    const box = boxes.get(keyId)?.[format];
    if (box === undefined) {
      throw sealBroken("another key sealed it");
    }
    const dataKey = box.unlock(sealedKey, dataKeyAssociatedData(binding, keyId, format));
    try {
      if (dataKey.length !== keyBytes) {
        throw sealBroken("the data key has another length");
      }
      return work(dataKey);
    } finally {
      dataKey.fill(0);
    }
  };
  return {
    use,
    lock: (dataKey, binding) => newest.lock(dataKey, dataKeyAssociatedData(binding, current.id, newestFormat)),
    find: (sealedKey, binding) => {
      const known = opened.get(binding.id);
      if (known !== undefined && isSame(known.sealedKey, sealedKey) && isSameBinding(known.binding, binding)) {
        return known;
      }
      const entry = {
        sealedKey: Uint8Array.from(sealedKey),
        binding,
        key: use(sealedKey, binding, createSecretKey),
        valueData: Uint8Array.from(valueAssociatedData(binding)),
      };
      if (binding.permissions.length <= maxRememberedPermissions) {
        opened.set(binding.id, entry);
      }
      return entry;
    },
  };
}

// Why createSecretKey: a raw key costs five times as much, and OpenSSL cleanses the KeyObject's copy when it is freed.

function sealValue(dataKey: Uint8Array, iv: Uint8Array, plaintext: Plaintext, binding: Binding): Uint8Array {
  return encrypt(createSecretKey(dataKey), valueHeader, iv, valueAssociatedData(binding), plaintext.bytes);
}

function openValue({ key, valueData }: OpenedKey, sealedValue: Uint8Array): Plaintext {
  if (sealedValue[0] !== valueHeader[0]) {
    throw sealBroken("the value has an unknown format");
  }
  const clear = decrypt(key, valueHeader.length, valueData, sealedValue);
  if (!isUtf8(clear)) {
    clear.fill(0);
    throw sealBroken("the value is not UTF-8");
  }
  return Plaintext.fromBytes(clear);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

function assertSameRow(from: Binding, to: Binding): void {
  const same = from.table === to.table && from.id === to.id && from.name === to.name;
  if (!same) {
    throw new Error("a sealed value cannot be bound to another row");
  }
}
