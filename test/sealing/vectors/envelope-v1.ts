import type { RandomBytes } from "../../../src/sealing/aead.ts";
import type { Binding, SealedSecret } from "../../../src/sealing/envelope.ts";
import { sealKeyCheck } from "../../../src/sealing/key-check.ts";
import { deriveSealingKey, parseMasterKey } from "../../../src/sealing/master-key.ts";
import { secretRowDigest } from "../../support/ledger.ts";
import { encryptByHand } from "./by-hand.ts";
import { fixedRandom } from "./fixed-random.ts";

/** What format 1 binds. */
export type BindingV1 = Omit<Binding, "purposeTag" | "expiresZeqond" | "createdAt" | "updatedAt">;

/** One sealed secret with everything that it takes to open it. Bytes are hex. */
export interface EnvelopeVector<B> {
  readonly what: string;
  readonly binding: B;
  readonly value: string;
  readonly sealedKey: string;
  readonly sealedValue: string;
  /** `sealed_digest` of a row that holds them. */
  readonly rowDigest: string;
}

export interface EnvelopeVectors<B> {
  readonly masterKey: string;
  readonly sealingKey: string;
  readonly keyId: string;
  readonly keyCheck: string;
  readonly secrets: readonly EnvelopeVector<B>[];
}

export const masterKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

const plain: BindingV1 = {
  table: "zsc_secrets",
  id: "0191e3a0-0000-7000-8000-000000000001",
  name: "db/password",
  version: 1,
  boundZid: "ZEQ-SYS",
  permissions: [],
};

const cases: readonly { what: string; binding: BindingV1; value: string }[] = [
  { what: "a first version without permissions", binding: plain, value: "correct horse battery staple" },
  {
    what: "permissions, a later version and text beyond ASCII",
    binding: { ...plain, name: "schlüssel/π", version: 42, boundZid: "ZEQ-FOUNDATION", permissions: ["ZEQ2", "ZEQ1"] },
    value: "π ≈ 3.14159\n\u0000🔑",
  },
  { what: "one byte", binding: { ...plain, version: Number.MAX_SAFE_INTEGER }, value: "x" },
];

/** The other columns of a row that holds such a secret. Format 1 does not bind them. */
export const rowBesides = {
  purposeTag: null,
  expiresZeqond: 2_289_691_901,
  createdAt: "2026-05-17T13:11:14.277Z",
  updatedAt: "2026-05-17T13:11:14.277Z",
};

/** Seals the cases by hand, with a fixed key and fixed randomness: the sealer makes no format 1 any more. */
export async function envelopeVectorsV1(): Promise<EnvelopeVectors<BindingV1>> {
  const key = await deriveSealingKey(parseMasterKey(masterKey));
  const sealingKey = key.key.export();
  const random = fixedRandom("envelope-v1");
  return {
    masterKey,
    sealingKey: sealingKey.toString("hex"),
    keyId: key.id,
    keyCheck: hex(sealKeyCheck(key, fixedRandom("key-check-v1"))),
    secrets: cases.map(({ what, binding, value }) => {
      const sealed = sealV1({ id: key.id, key: sealingKey }, binding, value, random);
      return { what, binding, value, ...hexOf(sealed), rowDigest: secretRowDigest(rowWith(binding, sealed)) };
    }),
  };
}

/** Seals as the first release did. */
export function sealV1(
  { id, key }: { readonly id: string; readonly key: Uint8Array },
  binding: BindingV1,
  value: string,
  random: RandomBytes,
): SealedSecret {
  const dataKey = random(32);
  const keyBox = encryptByHand(key, random(12), dataKey, keyFieldsV1(binding, id));
  const valueBox = encryptByHand(dataKey, random(12), Buffer.from(value), valueFields(binding));
  return {
    sealedKey: Buffer.concat([Buffer.of(1), Buffer.from(id, "hex"), keyBox]),
    sealedValue: Buffer.concat([Buffer.of(1), valueBox]),
  };
}

/** What the data key of format 1 is bound to. */
export function keyFieldsV1(binding: BindingV1, keyId: string): readonly string[] {
  const { table, id, name, version, boundZid, permissions } = binding;
  const readers = [String(version), boundZid, String(permissions.length), ...permissions];
  return ["zsc-seal-v1", "data-key", table, id, name, ...readers, keyId];
}

/** What a value is bound to, with a data key of either format. */
export function valueFields({ table, id, name }: BindingV1): readonly string[] {
  return ["zsc-seal-v1", "value", table, id, name];
}

export function rowWith(binding: BindingV1, sealed: SealedSecret) {
  const { id, name, boundZid, permissions, version } = binding;
  const permissionsJson = JSON.stringify(permissions);
  return { id, name, boundZid, permissionsJson, version, ...sealed, ...rowBesides };
}

export function hexOf({ sealedKey, sealedValue }: SealedSecret) {
  return { sealedKey: hex(sealedKey), sealedValue: hex(sealedValue) };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
