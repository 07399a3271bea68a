import { randomBytes } from "node:crypto";
import { FieldWriter } from "../base/index.ts";
import { sealBroken } from "./aead.ts";
import { createKeyBox, keyIdIn } from "./key-box.ts";
import type { Keyring } from "./keyring.ts";

const format = 1;

/** Seals the private key of an organisation's tokens, bound to the organisation. */
export function sealTokenKey({ current }: Keyring, organisation: string, privateKey: Uint8Array): Uint8Array {
  return createKeyBox(current, randomBytes, format).lock(privateKey, associatedDataOf(organisation, current.id));
}

/**
 * Opens what `sealTokenKey` has sealed. The receiver wipes it.
 *
 * @throws VaultError `SEAL_BROKEN`
 */
export function openTokenKey({ keys }: Keyring, organisation: string, sealed: Uint8Array): Uint8Array {
  const keyId = keyIdIn(sealed);
  const key = keys.get(keyId);
  if (key === undefined) {
    throw sealBroken("another key sealed it");
  }
  return createKeyBox(key, randomBytes, format).unlock(sealed, associatedDataOf(organisation, keyId));
}

function associatedDataOf(organisation: string, keyId: string): Uint8Array {
  return new FieldWriter().text("zsc-seal-v1").text("token-key").text(organisation).text(keyId).take();
}
