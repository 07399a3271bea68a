import { createPrivateKey, generateKeyPairSync, randomUUID } from "node:crypto";
import { decodeJwt } from "jose";
import { createApiKey, tryParseApiKey } from "../../src/auth/api-key.ts";
import { createPersonAuthenticator } from "../../src/auth/person-authenticator.ts";
import { createSessionKeys, createSessionTokens } from "../../src/auth/session-tokens.ts";
import { failureOf, handClock, hmacToken, nowSeconds, signedToken } from "./hand-made-tokens.ts";

const clock = handClock(nowSeconds * 1_000);
const keys = createSessionKeys();
const privateKey = createPrivateKey({ key: Buffer.from(keys.privateKey), format: "der", type: "pkcs8" });
const user = `user:${randomUUID()}`;
const session = { sub: user, org: randomUUID(), scopes: ["ci/**"], keyId: "k", epoch: 4, ttlSeconds: 900 };

async function authenticatorOf(findKey = () => Promise.reject(new Error("no key is looked for"))) {
  const { verify } = await createSessionTokens(keys, clock);
  return createPersonAuthenticator({ verify, findKey, clock });
}

async function claimsOf(more: object): Promise<Record<string, unknown>> {
  const tokens = await createSessionTokens(keys, clock);
  return { ...decodeJwt(await tokens.sign(session)), ...more };
}

const handMade = (claims: Record<string, unknown>, header: Record<string, unknown> = { alg: "EdDSA" }) =>
  signedToken(claims, header, privateKey);

afterEach(() => clock.turnTo(nowSeconds * 1_000));

describe("a token of the vault API", () => {
  test("proves who calls, and which key it was made from", async () => {
    const tokens = await createSessionTokens(keys, clock);
    const token = await tokens.sign(session);
    const { jti } = decodeJwt(token);
    expect(await (await authenticatorOf()).authenticate(token)).toEqual({
      role: "person",
      zid: user,
      credential: { sub: user, jti, keyId: "k", epoch: 4 },
    });
  });

  test("is the same when it is made by hand, so that what is refused below is refused for what it says", async () => {
    const principal = await (await authenticatorOf()).authenticate(handMade(await claimsOf({})));
    expect(principal).toMatchObject({ zid: user });
  });

  test.each<readonly [string, object]>([
    ["another issuer", { iss: "zsc" }],
    ["no issuer", { iss: undefined }],
    ["another audience", { aud: "zsc" }],
    ["no audience", { aud: undefined }],
    ["an expiry that has passed", { exp: nowSeconds - 1 }],
    ["an expiry of now", { exp: nowSeconds }],
    ["no expiry", { exp: undefined }],
    ["an expiry that is a text", { exp: String(nowSeconds + 900) }],
    ["a time of issue in the future", { iat: nowSeconds + 120 }],
    ["a time before which it does not count", { nbf: nowSeconds + 120 }],
    ["no jti", { jti: undefined }],
    ["no subject", { sub: undefined }],
    ["a subject that is a ZID", { sub: "ZEQ-ADMIN" }],
    ["a subject of another kind", { sub: `admin:${randomUUID()}` }],
    ["a subject with something behind", { sub: `${user}\n` }],
    ["a key that is no text", { key_id: 7 }],
  ])("is refused with %s", async (_what, more) => {
    const failure = await failureOf(async () => (await authenticatorOf()).authenticate(handMade(await claimsOf(more))));
    expect(failure.code).toBe("UNAUTHENTICATED");
  });

  test("is refused when it is signed by another key, or in another way, or not at all", async () => {
    const claims = await claimsOf({});
    const body = Buffer.from(JSON.stringify(claims)).toString("base64url");
    const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`;
    const good = handMade(claims);
    const [head, , signature] = good.split(".");
    const agent = Buffer.from(JSON.stringify({ ...claims, sub: `agent:${randomUUID()}` })).toString("base64url");
    const others = [
      signedToken(claims, { alg: "EdDSA" }, generateKeyPairSync("ed25519").privateKey),
      // The public key is known to all: it must never count as a secret.
      hmacToken(claims, { alg: "HS256" }, Buffer.from(keys.publicKey)),
      none,
      `${none}${signature}`,
      `${head}.${agent}.${signature}`,
      `${head}.${body}`,
      good.slice(0, -4),
      "",
      "a".repeat(8_193),
    ];
    for (const token of others) {
      const failure = await failureOf(async () => (await authenticatorOf()).authenticate(token));
      expect(failure.code).toBe("UNAUTHENTICATED");
    }
  });

  test("is refused once it has expired, also when it was good before", async () => {
    const tokens = await createSessionTokens(keys, clock);
    const token = await tokens.sign(session);
    const authenticator = await authenticatorOf();
    await authenticator.authenticate(token);
    clock.turnTo((nowSeconds + 899) * 1_000);
    await authenticator.authenticate(token);
    clock.turnTo((nowSeconds + 900) * 1_000);
    expect((await failureOf(async () => authenticator.authenticate(token))).code).toBe("UNAUTHENTICATED");
  });
});

describe("a key of the vault API", () => {
  test.each(["1ck_", "ocv_"] as const)("%s is found again by what is kept of it", (kind) => {
    const { key, record } = createApiKey(kind);
    expect(key.text()).toMatch(new RegExp(`^${kind}[A-Za-z0-9_-]{43}$`));
    expect(tryParseApiKey(key.text())).toEqual({ kind, ...record });
    expect(JSON.stringify([record.prefix, Buffer.from(record.hash).toString("latin1")])).not.toContain(key.text());
    key.wipe();
  });

  test("is one only as it was made", () => {
    const text = createApiKey("1ck_").key.text();
    const others = [
      "",
      "1ck_",
      text.slice(0, -1),
      `${text}A`,
      ` ${text}`,
      `${text}\n`,
      text.toUpperCase(),
      `2${text.slice(1)}`,
    ];
    for (const other of others) {
      expect(tryParseApiKey(other)).toBeUndefined();
    }
    const last = text.endsWith("A") ? "B" : "A";
    expect(tryParseApiKey(text.slice(0, -1) + last)?.hash).not.toEqual(tryParseApiKey(text)?.hash);
  });

  test("of an agent is no credential by itself, and nobody looks for it", async () => {
    const failure = await failureOf(async () =>
      (await authenticatorOf()).authenticate(createApiKey("ocv_").key.text()),
    );
    expect(failure.code).toBe("UNAUTHENTICATED");
  });
});
