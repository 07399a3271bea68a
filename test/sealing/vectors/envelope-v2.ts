import { Plaintext } from "../../../src/base/plaintext.ts";
import { type Binding, createSealer } from "../../../src/sealing/envelope.ts";
import { sealKeyCheck } from "../../../src/sealing/key-check.ts";
import { createKeyring } from "../../../src/sealing/keyring.ts";
import { deriveSealingKey, parseMasterKey } from "../../../src/sealing/master-key.ts";
import { secretRowDigest } from "../../support/ledger.ts";
import type { Field } from "./by-hand.ts";
import { type EnvelopeVectors, hexOf, masterKey } from "./envelope-v1.ts";
import { fixedRandom } from "./fixed-random.ts";

const plain: Binding = {
  table: "zsc_secrets",
  id: "0191e3a0-0000-7000-8000-000000000001",
  name: "db/password",
  version: 1,
  boundZid: "ZEQ-SYS",
  permissions: [],
  purposeTag: null,
  expiresZeqond: null,
  createdAt: "2026-05-17T13:11:14.277Z",
  updatedAt: "2026-05-17T13:11:14.277Z",
};

const cases: readonly { what: string; binding: Binding; value: string }[] = [
  { what: "neither tag nor expiry", binding: plain, value: "correct horse battery staple" },
  {
    what: "tag, expiry, permissions, a later version and text beyond ASCII",
    binding: {
      ...plain,
      ...{ name: "schlüssel/π", version: 42, boundZid: "ZEQ-FOUNDATION", permissions: ["ZEQ2", "ZEQ1"] },
      ...{ purposeTag: "Abrechnung/€", expiresZeqond: 2_289_691_901, updatedAt: "2026-05-18T00:00:00.000Z" },
    },
    value: "π ≈ 3.14159\n\u0000🔑",
  },
  {
    what: "the largest numbers",
    binding: { ...plain, version: Number.MAX_SAFE_INTEGER, expiresZeqond: Number.MAX_SAFE_INTEGER },
    value: "x",
  },
];

/** Seals the cases with a fixed key and fixed randomness. */
export async function envelopeVectorsV2(): Promise<EnvelopeVectors<Binding>> {
  const key = await deriveSealingKey(parseMasterKey(masterKey));
  const sealer = createSealer(createKeyring(key), fixedRandom("envelope-v2"));
  return {
    masterKey,
    sealingKey: key.key.export().toString("hex"),
    keyId: key.id,
    keyCheck: Buffer.from(sealKeyCheck(key, fixedRandom("key-check-v1"))).toString("hex"),
    secrets: cases.map(({ what, binding, value }) => {
      const sealed = sealer.seal(Plaintext.fromString(value), binding);
      const { table: _table, permissions, ...columns } = binding;
      const row = { ...columns, permissionsJson: JSON.stringify(permissions), ...sealed };
      return { what, binding, value, ...hexOf(sealed), rowDigest: secretRowDigest(row) };
    }),
  };
}

/** What the data key of format 2 is bound to. */
export function keyFieldsV2(binding: Binding, keyId: string): readonly Field[] {
  const { table, id, name, version, boundZid, permissions, purposeTag, expiresZeqond, createdAt, updatedAt } = binding;
  const readers = [String(version), boundZid, String(permissions.length), ...permissions];
  const expiry = expiresZeqond === null ? null : String(expiresZeqond);
  return ["zsc-seal-v2", "data-key", table, id, name, ...readers, purposeTag, expiry, createdAt, updatedAt, keyId];
}
