import { isUtf8 } from "node:buffer";
import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { BoundedMap } from "../domain/bounded-map.ts";
import { Plaintext } from "../domain/plaintext.ts";
import { decrypt, encrypt, ivBytes, keyBytes, type RandomBytes, sealBroken } from "./aead.ts";
import { type Binding, dataKeyAssociatedData, isSameBinding, type KeyFormat, valueAssociatedData } from "./binding.ts";
import { createKeyBox, type KeyBox } from "./key-box.ts";
import type { SealingKey } from "./master-key.ts";

export type { Binding } from "./binding.ts";

export interface SealedSecret {
  /**
   * The data key under the sealing key: `format (1) | key id (8) | IV (12) | ciphertext (32) | tag (16)`. Format 2 is
   * what is sealed; format 1, which does not bind tag, expiry and times, opens until its secret is changed.
   */
  readonly sealedKey: Uint8Array;
  /** The value under its data key, format 1: `0x01 | IV (12) | ciphertext | tag (16)`. */
  readonly sealedValue: Uint8Array;
}

/** Seals and opens values. Synchronous, without I/O. */
export interface Sealer {
  /** Seals under a fresh data key and fresh IVs. The plaintext stays the caller's to wipe. */
  seal(plaintext: Plaintext, binding: Binding): SealedSecret;

  /**
   * Opens what was sealed under exactly this binding. Who may read is not checked here.
   *
   * @throws VaultError `SEAL_BROKEN`, whatever is wrong
   */
  open(sealed: SealedSecret, binding: Binding): Plaintext;

  /**
   * Seals the data key again, in the newest format, for whatever of its binding has changed; the value stays as it is.
   * The two bindings must name the same table, id and name.
   *
   * @throws VaultError `SEAL_BROKEN` when the data key does not open under `from`; that the value does is not checked
   */
  rebind(sealed: SealedSecret, from: Binding, to: Binding): SealedSecret;

  /**
   * Verifies that the data key opens under this binding; the value is not looked at.
   *
   * @throws VaultError `SEAL_BROKEN`
   */
  check(sealed: SealedSecret, binding: Binding): void;
}

const valueHeader = Uint8Array.of(1);
const newestFormat = 2;

/** Opened data keys that are remembered, at most. */
const maxDataKeys = 4_096;
/** Keys of secrets with more permissions are not remembered: the list would take more memory than the key is worth. */
const maxRememberedPermissions = 16;

export function createSealer(sealingKey: SealingKey, random: RandomBytes = randomBytes): Sealer {
  const boxes = { 1: createKeyBox(sealingKey, random, 1), 2: createKeyBox(sealingKey, random, newestFormat) };
  const dataKeys = createDataKeys(boxes, sealingKey.id);
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
  /** Lends the data key to `work` and wipes it afterwards. */
  use<T>(sealedKey: Uint8Array, binding: Binding, work: (dataKey: Uint8Array) => T): T;
  /** The data key, remembered: good for exactly these sealed bytes under exactly this binding. */
  find(sealedKey: Uint8Array, binding: Binding): OpenedKey;
}

interface OpenedKey {
  readonly sealedKey: Uint8Array;
  readonly binding: Binding;
  readonly key: KeyObject;
  /** What the value is bound to by itself. */
  readonly valueData: Uint8Array;
}

function createDataKeys(boxes: Readonly<Record<KeyFormat, KeyBox>>, keyId: string): DataKeys {
  // A grant, a revoke, a set and a rotation all give a row other sealed bytes, so what is remembered outlives none of
  // them. It never decides who may read: that is the gate's, on the row as it is now.
  const opened = new BoundedMap<OpenedKey>(maxDataKeys);
  const use: DataKeys["use"] = (sealedKey, binding, work) => {
    const format = sealedKey[0] === 1 ? 1 : newestFormat;
    const dataKey = boxes[format].unlock(sealedKey, dataKeyAssociatedData(binding, keyId, format));
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
    lock: (dataKey, binding) => boxes[newestFormat].lock(dataKey, dataKeyAssociatedData(binding, keyId, newestFormat)),
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

// createSecretKey: a raw key costs five times as much, and the copy in the KeyObject is cleansed when it is collected.

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
