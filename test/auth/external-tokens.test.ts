import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, SignJWT } from "jose";
import { createAuthenticator } from "../../src/auth/authenticator.ts";
import { failureOf, goodClaims, handClock, hmacToken, nowSeconds, secret, signedToken } from "./hand-made-tokens.ts";

const clock = handClock(nowSeconds * 1_000);

const keys = {
  RS256: generateKeyPairSync("rsa", { modulusLength: 2_048 }),
  PS256: generateKeyPairSync("rsa", { modulusLength: 2_048 }),
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  ES384: generateKeyPairSync("ec", { namedCurve: "P-384" }),
  EdDSA: generateKeyPairSync("ed25519"),
};
type Algorithm = keyof typeof keys;

const claims = { sub: "ZEQ-CALLER-1", iss: "https://issuer.example", aud: "vault", exp: nowSeconds + 600 };

let fetches = 0;
let answer: () => { status: number; body: string };
const server = createServer((_request, response) => {
  fetches += 1;
  const { status, body } = answer();
  response.writeHead(status, { "content-type": "application/json" }).end(body);
});

async function keySet(): Promise<string> {
  const entries = Object.entries(keys).map(async ([alg, pair]) => ({
    ...(await exportJWK(pair.publicKey)),
    alg,
    kid: alg,
    use: "sig",
  }));
  return JSON.stringify({ keys: await Promise.all(entries) });
}

function jwksUrl(): URL {
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`);
}

function authenticatorWith(change: { zidClaim?: string; jwksUrl?: URL } = {}) {
  const external = { jwksUrl: jwksUrl(), issuer: claims.iss, audience: claims.aud, zidClaim: "sub", ...change };
  return createAuthenticator({ secret, issuer: "zsc", audience: "zsc", clock, external });
}

function token(change: Record<string, unknown> = {}, alg: Algorithm = "ES256", key?: KeyObject): Promise<string> {
  return new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg, kid: alg }).sign(key ?? keys[alg].privateKey);
}

beforeAll(async () => {
  const body = await keySet();
  answer = () => ({ status: 200, body });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe("a token of an external issuer", () => {
  test.each<Algorithm>(["RS256", "PS256", "ES256", "ES384", "EdDSA"])("proves a caller by %s", async (alg) => {
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

  test.each<[string, Record<string, unknown>]>([
    ["claims to be the system", { sub: "ZEQ-SYS" }],
    ["names a ZID that cannot be", { sub: "a|b" }],
    ["names none", { sub: undefined }],
    ["is of another issuer", { iss: "https://other.example" }],
    ["is of our own issuer", { iss: "zsc", aud: "zsc" }],
    ["is for another audience", { aud: "other" }],
    ["has expired", { exp: nowSeconds }],
    ["never expires", { exp: undefined }],
    ["is not good yet", { nbf: nowSeconds + 61 }],
    ["is from the future", { iat: nowSeconds + 61 }],
  ])("is refused when it %s", async (_what, change) => {
    const failure = await failureOf(async () => authenticatorWith().authenticate(await token(change)));
    expect([failure.code, failure.message]).toEqual(["UNAUTHENTICATED", "unauthorized"]);
  });

  test("is refused when another key signed it", async () => {
    const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    const forged = await token({}, "ES256", stranger);
    expect((await failureOf(() => authenticatorWith().authenticate(forged))).code).toBe("UNAUTHENTICATED");
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

  test("is refused when its algorithm is not on the list", async () => {
    const forged = signedToken(claims, { alg: "RS512", kid: "RS256" }, keys.RS256.privateKey);
    expect((await failureOf(() => authenticatorWith().authenticate(forged))).code).toBe("UNAUTHENTICATED");
  });

  test("is refused when no external issuer is configured", async () => {
    const alone = createAuthenticator({ secret, issuer: "zsc", audience: "zsc", clock });
    const failure = await failureOf(async () => alone.authenticate(await token({ iss: "zsc", aud: "zsc" })));
    expect(failure.code).toBe("UNAUTHENTICATED");
  });

  test("leaves our own tokens as they are", async () => {
    expect(await authenticatorWith().authenticate(hmacToken(goodClaims))).toMatchObject({ role: "admin" });
  });
});

describe("the key set", () => {
  test("is fetched at the first external token, and once for many", async () => {
    const before = fetches;
    const authenticator = authenticatorWith();
    await authenticator.authenticate(hmacToken(goodClaims));
    expect(fetches).toBe(before);
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, index) => token({ sub: `ZEQ${index}` })));
    await Promise.all(tokens.map((one) => authenticator.authenticate(one)));
    expect(fetches).toBe(before + 1);
  });

  test("is not asked again and again for keys that it does not have", async () => {
    const authenticator = authenticatorWith();
    await authenticator.authenticate(await token());
    const before = fetches;
    const unknown = signedToken(claims, { alg: "ES256", kid: "unknown" }, keys.ES256.privateKey);
    for (let i = 0; i < 5; i += 1) {
      await failureOf(() => authenticator.authenticate(unknown));
    }
    expect(fetches).toBe(before);
  });

  test("refuses tokens while it is out of reach, says so in the cause, and works once it is back", async () => {
    const good = answer;
    const authenticator = authenticatorWith();
    answer = () => ({ status: 503, body: "" });
    const failure = await failureOf(async () => authenticator.authenticate(await token()));
    expect([failure.code, failure.message]).toEqual(["UNAUTHENTICATED", "unauthorized"]);
    expect(String(failure.cause)).toContain("ERR_JOSE_GENERIC");
    answer = good;
    expect(await authenticator.authenticate(await token())).toMatchObject({ role: "caller" });
  });

  test("refuses tokens when nobody listens", async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const authenticator = authenticatorWith({ jwksUrl: new URL(`http://127.0.0.1:${port}/jwks.json`) });
    const failure = await failureOf(async () => authenticator.authenticate(await token()));
    expect(failure.code).toBe("UNAUTHENTICATED");
    expect(String(failure.cause)).toContain("verification failed: ECONNREFUSED");
  });

  test("refuses tokens when it is not a key set", async () => {
    const good = answer;
    answer = () => ({ status: 200, body: "<html>" });
    const failure = await failureOf(async () => authenticatorWith().authenticate(await token()));
    answer = good;
    expect(failure.code).toBe("UNAUTHENTICATED");
  });
});
