import { createHash } from "node:crypto";
import { type SecretRow, secretRowDigest } from "../support/ledger.ts";

const row: SecretRow = {
  id: "0191e3a0-0000-7000-8000-000000000001",
  name: "db/password",
  purposeTag: "billing",
  boundZid: "ZEQ-SYS",
  permissionsJson: '["ZEQ1"]',
  expiresZeqond: 2_289_691_901,
  version: 3,
  sealedKey: Uint8Array.of(1, 2, 3),
  sealedValue: Uint8Array.of(4, 5),
  createdAt: "2026-05-17T13:11:14.277Z",
  updatedAt: "2026-05-17T13:11:15.277Z",
};

function field(value: string | Uint8Array | null): Buffer {
  const length = Buffer.alloc(4, 0xff);
  if (value === null) {
    return length;
  }
  const bytes = Buffer.from(value);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function digestByHand(of: SecretRow): string {
  const columns = [
    ...[of.id, of.name, of.purposeTag, of.boundZid, of.permissionsJson],
    of.expiresZeqond === null ? null : String(of.expiresZeqond),
    ...[String(of.version), of.sealedKey, of.sealedValue, of.createdAt, of.updatedAt],
  ];
  return createHash("sha256")
    .update("zsc-vault-row-v1")
    .update(Buffer.concat(columns.map(field)))
    .digest("hex");
}

describe("the digest of a vault row", () => {
  test.each([row, { ...row, purposeTag: null }, { ...row, expiresZeqond: null }])("is public arithmetic", (one) => {
    expect(secretRowDigest(one)).toBe(digestByHand(one));
  });

  test.each<Partial<SecretRow>>([
    { id: "0191e3a0-0000-7000-8000-000000000002" },
    { name: "db/passwore" },
    { purposeTag: null },
    { purposeTag: "" },
    { boundZid: "ZEQ-EVIL" },
    { permissionsJson: '["ZEQ1","ZEQ2"]' },
    { expiresZeqond: null },
    { expiresZeqond: 0 },
    { version: 4 },
    { sealedKey: Uint8Array.of(1, 2) },
    { sealedValue: Uint8Array.of(4, 6) },
    { createdAt: "2026-05-17T13:11:14.278Z" },
    { updatedAt: "2026-05-17T13:11:14.277Z" },
  ])("moves with %j", (change) => {
    expect(secretRowDigest({ ...row, ...change })).not.toBe(secretRowDigest(row));
  });

  test("tells an empty purpose tag from none", () => {
    expect(secretRowDigest({ ...row, purposeTag: "" })).not.toBe(secretRowDigest({ ...row, purposeTag: null }));
  });
});
