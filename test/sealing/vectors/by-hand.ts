import { createCipheriv, createDecipheriv } from "node:crypto";

// Boxes as their description reads, with nothing of ours: what a stranger's program would do.

export function encryptByHand(key: Uint8Array, iv: Uint8Array, clear: Uint8Array, fields: readonly Field[]): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.concat(fields.map(field)));
  return Buffer.concat([iv, cipher.update(clear), cipher.final(), cipher.getAuthTag()]);
}

export function decryptByHand(key: Uint8Array, box: Uint8Array, fields: readonly Field[]): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, box.subarray(0, 12));
  decipher.setAuthTag(box.subarray(-16)).setAAD(Buffer.concat(fields.map(field)));
  return Buffer.concat([decipher.update(box.subarray(12, -16)), decipher.final()]);
}

/** A field of the associated data; null is one that is absent. */
export type Field = string | null;

function field(text: Field): Buffer {
  const bytes = Buffer.from(text ?? "", "utf8");
  const length = Buffer.alloc(4, 0xff);
  if (text !== null) {
    length.writeUInt32BE(bytes.length);
  }
  return Buffer.concat([length, bytes]);
}
