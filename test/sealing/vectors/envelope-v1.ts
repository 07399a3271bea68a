import { Plaintext } from "../../../src/domain/plaintext.ts";
import { vaultRowDigest } from "../../../src/domain/vault-row.ts";
import { type Binding, createSealer, type SealedSecret } from "../../../src/sealing/envelope.ts";
import { sealKeyCheck } from "../../../src/sealing/key-check.ts";
import { deriveSealingKey, parseMasterKey } from "../../../src/sealing/master-key.ts";
import { fixedRandom } from "./fixed-random.ts";

/** One sealed secret with everything that it takes to open it. Bytes are hex. */
export interface EnvelopeVector {
  readonly what: string;
  readonly binding: Binding;
  readonly value: string;
  readonly sealedKey: string;
  readonly sealedValue: string;
  /** `sealed_digest` of a row that holds them, with the other columns as in `rowWith`. */
  readonly rowDigest: string;
}

export interface EnvelopeVectors {
  readonly masterKey: string;
  readonly sealingKey: string;
  readonly keyId: string;
  readonly keyCheck: string;
  readonly secrets: readonly EnvelopeVector[];
}

const masterKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

const plain: Binding = {
  table: "zsc_secrets",
  id: "0191e3a0-0000-7000-8000-000000000001",
  name: "db/password",
  version: 1,
  boundZid: "ZEQ-SYS",
  permissions: [],
};

const cases: readonly { what: string; binding: Binding; value: string }[] = [
  { what: "a first version without permissions", binding: plain, value: "correct horse battery staple" },
  {
    what: "permissions, a later version and text beyond ASCII",
    binding: { ...plain, name: "schlüssel/π", version: 42, boundZid: "ZEQ-FOUNDATION", permissions: ["ZEQ2", "ZEQ1"] },
    value: "π ≈ 3.14159\n\u0000🔑",
  },
  { what: "one byte", binding: { ...plain, version: Number.MAX_SAFE_INTEGER }, value: "x" },
];

/** Seals the cases with a fixed key and fixed randomness. */
export async function envelopeVectors(): Promise<EnvelopeVectors> {
  const key = await deriveSealingKey(parseMasterKey(masterKey));
  const sealer = createSealer(key, fixedRandom("envelope-v1"));
  return {
    masterKey,
    sealingKey: key.key.export().toString("hex"),
    keyId: key.id,
    keyCheck: hex(sealKeyCheck(key, fixedRandom("key-check-v1"))),
    secrets: cases.map(({ what, binding, value }) => {
      const sealed = sealer.seal(Plaintext.fromString(value), binding);
      return {
        what,
        binding,
        value,
        sealedKey: hex(sealed.sealedKey),
        sealedValue: hex(sealed.sealedValue),
        rowDigest: vaultRowDigest(rowWith(binding, sealed)),
      };
    }),
  };
}

export function rowWith(binding: Binding, sealed: SealedSecret) {
  return {
    id: binding.id,
    name: binding.name,
    purposeTag: null,
    boundZid: binding.boundZid,
    permissionsJson: JSON.stringify(binding.permissions),
    expiresZeqond: 2_289_691_901,
    version: binding.version,
    sealedKey: sealed.sealedKey,
    sealedValue: sealed.sealedValue,
    createdAt: "2026-05-17T13:11:14.277Z",
    updatedAt: "2026-05-17T13:11:14.277Z",
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
