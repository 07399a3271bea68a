import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { exportJWK, SignJWT } from "jose";
import { createAuthenticator } from "../../src/auth/authenticator.ts";
import {
  failureOf,
  goodClaims,
  handClock,
  hmacToken,
  nowSeconds,
  reasonOf,
  secret,
  signedToken,
} from "./hand-made-tokens.ts";
import { type KeyServer, openKeyServer } from "./key-server.ts";

const clock = handClock(nowSeconds * 1_000);

const keys = {
  ...{ RS256: rsa(), RS384: rsa(), RS512: rsa(), PS256: rsa(), PS384: rsa(), PS512: rsa() },
  ...{ ES256: ec("P-256"), ES384: ec("P-384"), ES512: ec("P-521") },
  EdDSA: generateKeyPairSync("ed25519"),
};
type Algorithm = keyof typeof keys;
const algorithms = Object.keys(keys) as Algorithm[];

function rsa() {
  return generateKeyPairSync("rsa", { modulusLength: 2_048 });
}

function ec(namedCurve: string) {
  return generateKeyPairSync("ec", { namedCurve });
}

const zidClaim = "the claim that ZSC_CALLER_ZID_CLAIM names";
const rest = " without control characters or |";
const unknownKey = "unknown key: no usable key of the issuer has its kid and algorithm";

const claims = { sub: "ZEQ-CALLER-1", iss: "https://issuer.example", aud: "vault", exp: nowSeconds + 600 };

let server: KeyServer;

function authenticatorWith(change: { zidClaim?: string; jwksUrl?: URL } = {}) {
  const external = { jwksUrl: server.url, issuer: claims.iss, audience: claims.aud, zidClaim: "sub", ...change };
  return createAuthenticator({ secret, issuer: "zsc", audience: "zsc", clock, external });
}

function token(change: Record<string, unknown> = {}, alg: Algorithm = "ES256", key?: KeyObject): Promise<string> {
  return new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg, kid: alg }).sign(key ?? keys[alg].privateKey);
}

beforeAll(async () => {
  server = await openKeyServer();
  const entries = algorithms.map(async (alg) => {
    return { ...(await exportJWK(keys[alg].publicKey)), alg, kid: alg, use: "sig" };
  });
  server.serve(await Promise.all(entries));
});

afterAll(() => server.close());

describe("a token of an external issuer", () => {
  test.each<Algorithm>(algorithms)("proves a caller by %s", async (alg) => {
    expect(await authenticatorWith().authenticate(await token({}, alg))).toEqual({
      zid: "ZEQ-CALLER-1",
      role: "caller",
    });
  });

  test.each(["admin", "system", "root"])("is a caller also when it claims the role %s", async (role) => {
    expect(await authenticatorWith().authenticate(await token({ role }))).toMatchObject({ role: "caller" });
  });

  test("has its ZID in the claim that is configured", async () => {
    const authenticator = authenticatorWith({ zidClaim: "https://issuer.example/zid" });
    const good = await token({ "https://issuer.example/zid": "ZEQ-X" });
    expect(await authenticator.authenticate(good)).toEqual({ zid: "ZEQ-X", role: "caller" });
    expect((await failureOf(async () => authenticator.authenticate(await token()))).code).toBe("UNAUTHENTICATED");
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["claims to be the system", { sub: "ZEQ-SYS" }, "an external token that claims to be the system"],
    ["names a ZID that cannot be", { sub: "auth0|123" }, `no ZID: ${zidClaim} must be text of 1 to 128 bytes${rest}`],
    ["names a ZID that is a number", { sub: 7 }, `no ZID: ${zidClaim} must be text of 1 to 128 bytes${rest}`],
    ["names none", { sub: undefined }, `no ZID: ${zidClaim} is missing`],
    ["is of another issuer", { iss: "https://other.example" }, "wrong issuer (iss)"],
    ["is of our own issuer", { iss: "zsc", aud: "zsc" }, "wrong issuer (iss)"],
    ["is of no issuer", { iss: undefined }, "no issuer (iss)"],
    ["is for another audience", { aud: "other" }, "wrong audience (aud)"],
    ["is for nobody", { aud: undefined }, "no audience (aud)"],
    ["expires this second", { exp: nowSeconds }, "expired at 2026-05-17T13:11:14.000Z (0 s ago)"],
    ["has expired", { exp: nowSeconds - 90 }, "expired at 2026-05-17T13:09:44.000Z (90 s ago)"],
    ["expired before all time", { exp: -1e300 }, "expired"],
    ["never expires", { exp: undefined }, "no exp: it would never expire"],
    ["expires at a word", { exp: "soon" }, "exp is not a number"],
    ["is not good yet", { nbf: nowSeconds + 61 }, "from the future (nbf)"],
    ["is from the future", { iat: nowSeconds + 61 }, "from the future (iat)"],
  ])("is refused when it %s, and the reason says so", async (_what, change, reason) => {
    const forged = signedToken({ ...claims, ...change }, { alg: "ES256", kid: "ES256" }, keys.ES256.privateKey);
    const failure = await failureOf(async () => authenticatorWith().authenticate(forged));
    expect([failure.code, failure.message]).toEqual(["UNAUTHENTICATED", "unauthorized"]);
    expect(reasonOf(failure)).toBe(reason);
  });

  test("is refused when another key signed it", async () => {
    const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    const forged = await token({}, "ES256", stranger);
    const failure = await failureOf(() => authenticatorWith().authenticate(forged));
    expect([failure.code, reasonOf(failure)]).toEqual(["UNAUTHENTICATED", "bad signature"]);
  });

  test("is refused when its public key was used as an HMAC secret", async () => {
    const pem = keys.RS256.publicKey.export({ type: "spki", format: "pem" });
    const der = keys.RS256.publicKey.export({ type: "spki", format: "der" });
    for (const alg of ["HS256", "RS256"]) {
      for (const key of [Buffer.from(pem), der]) {
        const forged = hmacToken({ ...claims, role: "admin" }, { alg, kid: "RS256" }, key);
        expect((await failureOf(() => authenticatorWith().authenticate(forged))).code).toBe("UNAUTHENTICATED");
      }
    }
  });

  test.each(["none", "HS512", "ES256K", "RS1", "toString"])("is refused by the algorithm %s", async (alg) => {
    const forged = signedToken(claims, { alg, kid: "RS256" }, keys.RS256.privateKey);
    const failure = await failureOf(() => authenticatorWith().authenticate(forged));
    expect([failure.code, reasonOf(failure)]).toEqual(["UNAUTHENTICATED", "its algorithm is not accepted"]);
  });

  test("is refused when its key is for another algorithm", async () => {
    const forged = signedToken(claims, { alg: "RS512", kid: "RS256" }, keys.RS256.privateKey);
    const failure = await failureOf(() => authenticatorWith().authenticate(forged));
    expect([failure.code, reasonOf(failure)]).toEqual(["UNAUTHENTICATED", unknownKey]);
  });

  test.each(["e30.e30", "e30.e30.e30.e30", "!.e30.e30", "e30.e30.e30"])("is refused when it is %s", async (forged) => {
    const failure = await failureOf(() => authenticatorWith().authenticate(forged));
    expect([failure.code, reasonOf(failure)]).toEqual(["UNAUTHENTICATED", "malformed"]);
  });

  test("is refused when no external issuer is configured", async () => {
    const alone = createAuthenticator({ secret, issuer: "zsc", audience: "zsc", clock });
    const failure = await failureOf(async () => alone.authenticate(await token({ iss: "zsc", aud: "zsc" })));
    expect(failure.code).toBe("UNAUTHENTICATED");
    expect(reasonOf(failure)).toContain("none is configured");
  });

  test("leaves our own tokens as they are", async () => {
    expect(await authenticatorWith().authenticate(hmacToken(goodClaims))).toMatchObject({ role: "admin" });
  });
});
