import { generateKeyPairSync } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { createAuthenticator } from "../../src/auth/authenticator.ts";
import { mintToken } from "../../src/auth/own-tokens.ts";
import type { Role } from "../../src/base/principal.ts";
import {
  failureOf,
  goodClaims,
  handClock,
  hmacToken,
  nowSeconds,
  secret,
  signedToken,
  signingInput,
} from "./hand-made-tokens.ts";

const clock = handClock(nowSeconds * 1_000);
const own = { secret, issuer: "zsc", audience: "zsc", clock };
const authenticator = createAuthenticator(own);

async function expectUnauthorized(token: string): Promise<void> {
  const failure = await failureOf(() => authenticator.authenticate(token));
  expect({ code: failure.code, message: failure.message }).toEqual({
    code: "UNAUTHENTICATED",
    message: "unauthorized",
  });
  const printed = inspect(failure, { depth: 9, showHidden: true });
  for (const part of token.split(".").filter((one) => one.length > 8)) {
    expect(printed).not.toContain(part);
  }
  expect(printed).not.toContain(goodClaims.sub);
}

describe("a token of our own", () => {
  test.each<Role>(["admin", "caller", "system"])("proves its ZID and the role %s", async (role) => {
    const principal = await authenticator.authenticate(hmacToken({ ...goodClaims, role }));
    expect(principal).toEqual({ zid: "ZEQ07111111111", role });
  });

  test("is good for one of several audiences", async () => {
    const token = hmacToken({ ...goodClaims, aud: ["other", "zsc"] });
    expect(await authenticator.authenticate(token)).toMatchObject({ role: "admin" });
  });

  test("needs no iat, and bears a clock that is 60 s ahead", async () => {
    const ahead = nowSeconds + 60;
    const token = hmacToken({ ...goodClaims, iat: ahead, nbf: ahead });
    expect(await authenticator.authenticate(token)).toMatchObject({ role: "admin" });
    expect(await authenticator.authenticate(hmacToken({ ...goodClaims, iat: undefined }))).toBeTruthy();
  });

  test.each<[string, Record<string, unknown>]>([
    ["expired", { exp: nowSeconds - 1 }],
    ["expiring this very second", { exp: nowSeconds }],
    ["without exp", { exp: undefined }],
    ["with an exp that is text", { exp: String(nowSeconds + 60) }],
    ["with an exp of null", { exp: null }],
    ["not yet good", { nbf: nowSeconds + 61 }],
    ["from the future", { iat: nowSeconds + 61 }],
    ["with an iat that is text", { iat: "now" }],
    ["of another issuer", { iss: "other" }],
    ["of no issuer", { iss: undefined }],
    ["for another audience", { aud: "other" }],
    ["for other audiences", { aud: ["other", "zs"] }],
    ["for no audience", { aud: undefined }],
    ["without a ZID", { sub: undefined }],
    ["with an empty ZID", { sub: "" }],
    ["with a ZID that is a number", { sub: 7 }],
    ["with a ZID that holds |", { sub: "ZEQ1|ZEQ2" }],
    ["with a ZID that holds a control character", { sub: "ZEQ1\n" }],
    ["with a ZID of 129 bytes", { sub: "Z".repeat(129) }],
  ])("is refused when it is %s", async (_what, change) => {
    await expectUnauthorized(hmacToken({ ...goodClaims, ...change }));
  });

  test("is refused when its exp is beyond all numbers", async () => {
    const claims = JSON.stringify({ ...goodClaims, exp: 0 }).replace('"exp":0', '"exp":1e999');
    await expectUnauthorized(hmacToken(claims));
  });

  test.each<[string, Record<string, unknown>]>([
    ["unknown", { role: "root" }],
    ["missing", { role: undefined }],
    ["inherited", { role: "constructor" }],
    ["a list", { role: ["admin"] }],
    ["spelled otherwise", { role: "Admin" }],
  ])("is forbidden everything when its role is %s", async (_what, change) => {
    const failure = await failureOf(() => authenticator.authenticate(hmacToken({ ...goodClaims, ...change })));
    expect({ code: failure.code, message: failure.message }).toEqual({ code: "FORBIDDEN", message: "forbidden" });
  });

  test("is refused when it claims to be the system as a caller, and only then", async () => {
    const system = { ...goodClaims, sub: "ZEQ-SYS" };
    await expectUnauthorized(hmacToken({ ...system, role: "caller" }));
    for (const role of ["admin", "system"] as const) {
      expect(await authenticator.authenticate(hmacToken({ ...system, role }))).toEqual({ zid: "ZEQ-SYS", role });
    }
    expect(await authenticator.authenticate(hmacToken({ ...system, sub: "ZEQ-SYS2", role: "caller" }))).toBeTruthy();
  });

  test("with an unknown role is unauthorized all the same when it is not good", async () => {
    await expectUnauthorized(hmacToken({ ...goodClaims, role: "root" }, { alg: "HS256" }, Buffer.alloc(32)));
    await expectUnauthorized(hmacToken({ ...goodClaims, role: "root", exp: nowSeconds }));
  });
});

describe("a forged token", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });

  test.each<[string, string]>([
    ["alg none, without a signature", `${signingInput({ alg: "none" }, goodClaims)}.`],
    ["alg none, spelled otherwise", `${signingInput({ alg: "nOnE" }, goodClaims)}.`],
    ["alg none, with a signature", hmacToken(goodClaims, { alg: "none" })],
    ["no alg", hmacToken(goodClaims, {})],
    ["an alg that is a list", hmacToken(goodClaims, { alg: ["HS256"] })],
    ["RS256 with the HMAC secret as its key", hmacToken(goodClaims, { alg: "RS256" })],
    ["RS256 with a key of the forger's own", signedToken(goodClaims, { alg: "RS256" }, rsa.privateKey)],
    [
      "RS256 with the forger's key in its header",
      signedToken(goodClaims, { alg: "RS256", jwk: rsa.publicKey.export({ format: "jwk" }) }, rsa.privateKey),
    ],
    ["HS512 with the right secret", hmacToken(goodClaims, { alg: "HS512" }, secret, "sha512")],
    ["HS384 with the right secret", hmacToken(goodClaims, { alg: "HS384" }, secret, "sha384")],
    [
      "HS256 with another secret",
      hmacToken(goodClaims, { alg: "HS256" }, Buffer.from("another secret of 32 bytes or more")),
    ],
    ["HS256 with the secret's hex", hmacToken(goodClaims, { alg: "HS256" }, Buffer.from(secret.toString("hex")))],
    ["HS256 with no secret", hmacToken(goodClaims, { alg: "HS256" }, Buffer.alloc(0))],
    ["an unknown critical header", hmacToken(goodClaims, { alg: "HS256", crit: ["zsc"], zsc: true })],
    ["an unencoded payload", hmacToken(goodClaims, { alg: "HS256", b64: false, crit: ["b64"] })],
    ["claims of another token", swapClaims(hmacToken(goodClaims), { ...goodClaims, sub: "ZEQ-SYS" })],
    ["no claims at all", hmacToken("[]")],
  ])("is refused: %s", async (_what, token) => {
    await expectUnauthorized(token);
  });

  test.each(["", ".", "..", "...", "a.b.c", "Bearer x", "\0", "é.é.é", "{}", "e30.e30.e30", "e30.e30.e30.e30.e30"])(
    "is refused: %j",
    async (token) => {
      await expectUnauthorized(token);
    },
  );

  test("is refused when it is longer than 8,192 characters, however good", async () => {
    await expectUnauthorized(hmacToken({ ...goodClaims, filler: "x".repeat(8_192) }));
    await expectUnauthorized("x".repeat(10_000_000));
  });

  test("is refused when any character of a good one is another", async () => {
    const good = hmacToken(goodClaims);
    const anyChange = fc.tuple(fc.nat(good.length - 1), fc.constantFrom(..."AQgw_-.=~ é"));
    await fc.assert(
      fc.asyncProperty(anyChange, async ([at, character]) => {
        const changed = good.slice(0, at) + character + good.slice(at + 1);
        // The last character of a signature carries two bits that mean nothing.
        fc.pre(changed !== good && at < good.length - 1);
        await expectUnauthorized(changed);
      }),
    );
  });
});

describe("minting", () => {
  const wanted = { ...own, zid: "ZEQ-FOUNDATION", role: "caller" as const, ttlMs: 90_000 };

  test("gives a token that is good for its time and not longer", async () => {
    const later = handClock(nowSeconds * 1_000);
    const reader = createAuthenticator({ ...own, clock: later });
    const token = await mintToken(wanted);
    later.turnTo((nowSeconds + 90) * 1_000 - 1);
    expect(await reader.authenticate(token)).toEqual({ zid: "ZEQ-FOUNDATION", role: "caller" });
    later.turnTo((nowSeconds + 90) * 1_000);
    expect((await failureOf(() => reader.authenticate(token))).code).toBe("UNAUTHENTICATED");
  });

  test.each([
    ["an ill-formed ZID", { zid: "a|b" }],
    ["no ZID", { zid: "" }],
    ["a caller who is the system", { zid: "ZEQ-SYS" }],
    ["less than a second", { ttlMs: 999 }],
    ["a time that is no number", { ttlMs: Number.NaN }],
    ["a secret of 31 bytes", { secret: secret.subarray(0, 31) }],
  ])("refuses %s", async (_what, change) => {
    await expect(mintToken({ ...wanted, ...change })).rejects.toThrow();
  });
});

describe("an authenticator", () => {
  test("takes no secret of less than 32 bytes", () => {
    expect(() => createAuthenticator({ ...own, secret: Buffer.alloc(31) })).toThrow("at least 32 bytes");
    expect(() => createAuthenticator({ ...own, secret: Buffer.alloc(32) })).not.toThrow();
  });
});

function swapClaims(token: string, claims: Record<string, unknown>): string {
  const [header, , signature] = token.split(".");
  return [header, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
}
