import { admitUse, placeOf, type SecretUse } from "../../src/vaults/index.ts";

describe("who may use a path", () => {
  const credential = { sub: "user:1", jti: null, keyId: "k", epoch: null };
  const place = placeOf("11111111-1111-4111-8111-111111111111", "prod/db");
  const uses: readonly SecretUse[] = [
    ...(["secret.write", "secret.rotate", "secret.read"] as const),
    ...(["secret.delete", "secret.version_disable", "secret.versions"] as const),
  ];

  test.each(uses)("is decided for %s without loading anything of the secret", (use) => {
    const { needs, weight } = admitUse({ credential, address: "" }, use, place);
    expect(needs.map(({ table }) => table.name).sort()).toEqual(["api_key", "person", "policy", "vault"]);
    expect(weight.bytes).toBe(0);
  });
});
