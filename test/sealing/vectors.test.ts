import { pbkdf2Sync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Binding, createSealer } from "../../src/sealing/envelope.ts";
import { opensKeyCheck } from "../../src/sealing/key-check.ts";
import { createKeyring } from "../../src/sealing/keyring.ts";
import { deriveSealingKey, parseMasterKey } from "../../src/sealing/master-key.ts";
import { decryptByHand, type Field } from "./vectors/by-hand.ts";
import {
  type BindingV1,
  type EnvelopeVector,
  type EnvelopeVectors,
  envelopeVectorsV1,
  keyFieldsV1,
  rowBesides,
  valueFields,
} from "./vectors/envelope-v1.ts";
import { envelopeVectorsV2, keyFieldsV2 } from "./vectors/envelope-v2.ts";

function readVectors<B>(version: number): EnvelopeVectors<B> {
  return JSON.parse(readFileSync(join(__dirname, `vectors/envelope-v${version}.json`), "utf8"));
}

const v1 = readVectors<BindingV1>(1);
const v2 = readVectors<Binding>(2);

const sealerOf = async ({ masterKey }: { readonly masterKey: string }) =>
  createSealer(createKeyring(await deriveSealingKey(parseMasterKey(masterKey))));

const sealedOf = ({ sealedKey, sealedValue }: EnvelopeVector<unknown>) => ({
  sealedKey: Buffer.from(sealedKey, "hex"),
  sealedValue: Buffer.from(sealedValue, "hex"),
});

/** The plaintext, by the description of the format alone. */
function openByHand(vectors: EnvelopeVectors<unknown>, vector: EnvelopeVector<BindingV1>, keyFields: readonly Field[]) {
  const { sealedKey, sealedValue } = sealedOf(vector);
  const dataKey = decryptByHand(Buffer.from(vectors.sealingKey, "hex"), sealedKey.subarray(9), keyFields);
  expect(sealedValue[0]).toBe(1);
  return decryptByHand(dataKey, sealedValue.subarray(1), valueFields(vector.binding)).toString("utf8");
}

describe("the golden vectors of format 1", () => {
  test("are reproduced bit for bit with the same key and randomness", async () => {
    expect(await envelopeVectorsV1()).toEqual(v1);
  });

  test.each(v1.secrets)("open, whatever tag, expiry and times are: $what", async (vector) => {
    const sealer = await sealerOf(v1);
    const besides = { purposeTag: "tag", expiresZeqond: null, createdAt: "", updatedAt: "" };
    for (const more of [rowBesides, besides]) {
      expect(sealer.open(sealedOf(vector), { ...vector.binding, ...more }).text()).toBe(vector.value);
    }
  });

  test.each(v1.secrets)("are of format 2 once they are bound again: $what", async (vector) => {
    const sealer = await sealerOf(v1);
    const binding = { ...vector.binding, ...rowBesides };
    const rebound = sealer.rebind(sealedOf(vector), binding, binding);
    expect(rebound.sealedKey[0]).toBe(2);
    expect(sealer.open(rebound, binding).text()).toBe(vector.value);
    const asBefore = Uint8Array.from(rebound.sealedKey);
    asBefore[0] = 1;
    for (const sealedKey of [asBefore, rebound.sealedKey]) {
      const other = { ...binding, purposeTag: "tag" };
      expect(() => sealer.open({ ...rebound, sealedKey }, other)).toThrow("does not open");
    }
  });

  test("have a key check that opens", async () => {
    const key = await deriveSealingKey(parseMasterKey(v1.masterKey));
    expect(opensKeyCheck(key, Buffer.from(v1.keyCheck, "hex"))).toBe(true);
  });

  test("derive the sealing key as the contract says", () => {
    const salt = "HULYAS.ZeqField.f=1.287Hz.τ=0.777s.α=1.29e-3";
    const derived = pbkdf2Sync(Buffer.from(v1.masterKey, "hex"), salt, 200_000, 32, "sha256");
    expect(derived.toString("hex")).toBe(v1.sealingKey);
  });

  test.each(v1.secrets)("open by the description of the format alone: $what", (vector) => {
    expect(vector.sealedKey.slice(0, 18)).toBe(`01${v1.keyId}`);
    expect(openByHand(v1, vector, keyFieldsV1(vector.binding, v1.keyId))).toBe(vector.value);
  });
});

describe("the golden vectors of format 2", () => {
  test("are reproduced bit for bit with the same key and randomness", async () => {
    expect(await envelopeVectorsV2()).toEqual(v2);
  });

  test("have the key check of format 1", () => {
    expect([v2.keyCheck, v2.sealingKey, v2.keyId]).toEqual([v1.keyCheck, v1.sealingKey, v1.keyId]);
  });

  test.each(v2.secrets)("open: $what", async (vector) => {
    const sealer = await sealerOf(v2);
    expect(sealer.open(sealedOf(vector), vector.binding).text()).toBe(vector.value);
  });

  test.each(v2.secrets)("open by the description of the format alone: $what", (vector) => {
    expect(vector.sealedKey.slice(0, 18)).toBe(`02${v2.keyId}`);
    expect(openByHand(v2, vector, keyFieldsV2(vector.binding, v2.keyId))).toBe(vector.value);
  });
});
