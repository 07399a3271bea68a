import { createDecipheriv, pbkdf2Sync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createSealer } from "../../src/sealing/envelope.ts";
import { opensKeyCheck } from "../../src/sealing/key-check.ts";
import { deriveSealingKey, parseMasterKey } from "../../src/sealing/master-key.ts";
import { type EnvelopeVectors, envelopeVectors } from "./vectors/envelope-v1.ts";

const vectors: EnvelopeVectors = JSON.parse(readFileSync(join(__dirname, "vectors/envelope-v1.json"), "utf8"));

describe("the golden vectors of format 1", () => {
  test("are reproduced bit for bit with the same key and randomness", async () => {
    expect(await envelopeVectors()).toEqual(vectors);
  });

  test.each(vectors.secrets)("open: $what", async ({ binding, value, sealedKey, sealedValue }) => {
    const sealer = createSealer(await deriveSealingKey(parseMasterKey(vectors.masterKey)));
    const sealed = { sealedKey: Buffer.from(sealedKey, "hex"), sealedValue: Buffer.from(sealedValue, "hex") };
    expect(sealer.open(sealed, binding).text()).toBe(value);
  });

  test("have a key check that opens", async () => {
    const key = await deriveSealingKey(parseMasterKey(vectors.masterKey));
    expect(opensKeyCheck(key, Buffer.from(vectors.keyCheck, "hex"))).toBe(true);
  });

  test("derive the sealing key as the contract says", () => {
    const salt = "HULYAS.ZeqField.f=1.287Hz.τ=0.777s.α=1.29e-3";
    const derived = pbkdf2Sync(Buffer.from(vectors.masterKey, "hex"), salt, 200_000, 32, "sha256");
    expect(derived.toString("hex")).toBe(vectors.sealingKey);
  });

  // The format as its description reads, with nothing of ours: what a stranger's program would do.
  test.each(vectors.secrets)("open by the description of the format alone: $what", (vector) => {
    const { binding } = vector;
    const row = [binding.table, binding.id, binding.name];
    const readers = [String(binding.version), binding.boundZid, String(binding.permissions.length)];
    const keyFields = ["zsc-seal-v1", "data-key", ...row, ...readers, ...binding.permissions, vectors.keyId];
    const sealedKey = Buffer.from(vector.sealedKey, "hex");
    expect(sealedKey.toString("hex", 0, 9)).toBe(`01${vectors.keyId}`);
    const dataKey = decryptByHand(Buffer.from(vectors.sealingKey, "hex"), sealedKey.subarray(9), keyFields);
    const sealedValue = Buffer.from(vector.sealedValue, "hex");
    expect(sealedValue[0]).toBe(1);
    const value = decryptByHand(dataKey, sealedValue.subarray(1), ["zsc-seal-v1", "value", ...row]);
    expect(value.toString("utf8")).toBe(vector.value);
  });
});

function decryptByHand(key: Buffer, box: Buffer, fields: readonly string[]): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, box.subarray(0, 12));
  decipher.setAuthTag(box.subarray(-16)).setAAD(Buffer.concat(fields.map(field)));
  return Buffer.concat([decipher.update(box.subarray(12, -16)), decipher.final()]);
}

function field(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
