import { randomBytes } from "node:crypto";
import { FieldWriter } from "../base/index.ts";
import type { RandomBytes } from "./aead.ts";
import { createKeyBox } from "./key-box.ts";
import type { SealingKey } from "./master-key.ts";

const checkFormat = 1;
const knownText = Buffer.from("zsc-key-check-v1", "utf8");

/**
 * Seals a known text. The database stores it with the secrets, so that a wrong master key is detected at start and not
 * at the first read.
 */
export function sealKeyCheck(key: SealingKey, random: RandomBytes = randomBytes): Uint8Array {
  return createKeyBox(key, random, checkFormat).lock(knownText, associatedDataOf(key));
}

/** Whether `sealKeyCheck` made `sealed` under this key. */
export function opensKeyCheck(key: SealingKey, sealed: Uint8Array): boolean {
  try {
    return knownText.equals(createKeyBox(key, randomBytes, checkFormat).unlock(sealed, associatedDataOf(key)));
  } catch {
    return false;
  }
}

function associatedDataOf(key: SealingKey): Uint8Array {
  return new FieldWriter().text("zsc-seal-v1").text("key-check").text(key.id).take();
}
