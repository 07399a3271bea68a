import { createAuthenticator } from "../../src/auth/authenticator.ts";
import { createTokenCache } from "../../src/auth/token-cache.ts";
import { failureOf, goodClaims, handClock, hmacToken, nowSeconds, secret } from "./hand-made-tokens.ts";

const identity = { principal: { zid: "ZEQ1", role: "caller" as const }, provenAtMs: 0, goodUntilMs: 1_000 };

describe("the cache of verified tokens", () => {
  test("finds what it was told, until it expires", () => {
    const cache = createTokenCache(10);
    cache.remember("a", identity);
    expect(cache.find("a", 999)).toBe(identity.principal);
    expect(cache.find("a", 1_000)).toBeUndefined();
    expect(cache.find("b", 0)).toBeUndefined();
  });

  test("does not find what was told at a later time, before a clock was set back", () => {
    const cache = createTokenCache(10);
    cache.remember("a", { ...identity, provenAtMs: 500 });
    expect(cache.find("a", 500)).toBe(identity.principal);
    expect(cache.find("a", 499)).toBeUndefined();
  });

  test("never holds more than its bound", () => {
    const cache = createTokenCache(10);
    const tokens = Array.from({ length: 1_000 }, (_, index) => `token-${index}`);
    for (const token of tokens) {
      cache.remember(token, identity);
    }
    const found = tokens.filter((token) => cache.find(token, 0) !== undefined);
    expect(found.length).toBeLessThanOrEqual(10);
    expect(found).toContain("token-999");
  });

  test("keeps what is asked for while others come and go", () => {
    const cache = createTokenCache(10);
    cache.remember("busy", identity);
    for (let index = 0; index < 1_000; index += 1) {
      cache.remember(`token-${index}`, identity);
      expect(cache.find("busy", 0)).toBe(identity.principal);
    }
  });
});

describe("an authenticator", () => {
  const clock = handClock(nowSeconds * 1_000);
  const authenticator = createAuthenticator({ secret, issuer: "zsc", audience: "zsc", clock, maxCachedTokens: 4 });

  test("answers without a promise once a token was verified, until its exp", async () => {
    const token = hmacToken(goodClaims);
    expect(authenticator.authenticate(token)).toBeInstanceOf(Promise);
    const first = await authenticator.authenticate(token);
    expect(authenticator.authenticate(token)).toBe(first);
    clock.turnTo(goodClaims.exp * 1_000 - 1);
    expect(authenticator.authenticate(token)).toBe(first);
    clock.turnTo(goodClaims.exp * 1_000);
    expect((await failureOf(() => authenticator.authenticate(token))).code).toBe("UNAUTHENTICATED");
    clock.turnTo(nowSeconds * 1_000);
  });

  test("tells the tokens that come over one connection apart, and refuses what is none of them", async () => {
    const connection = {};
    const [one, other] = [hmacToken({ ...goodClaims, sub: "ZEQ-ONE" }), hmacToken({ ...goodClaims, sub: "ZEQ-OTHER" })];
    const whose = async (token: string) => (await authenticator.authenticate(token, connection)).zid;
    for (const token of [one, other, one, one, other, other]) {
      expect(await whose(token)).toBe(token === one ? "ZEQ-ONE" : "ZEQ-OTHER");
    }
    expect((await failureOf(() => authenticator.authenticate(`${other}x`, connection))).code).toBe("UNAUTHENTICATED");
    clock.turnTo(goodClaims.exp * 1_000);
    expect((await failureOf(() => authenticator.authenticate(other, connection))).code).toBe("UNAUTHENTICATED");
    clock.turnTo(nowSeconds * 1_000);
  });

  test("forgets tokens beyond its bound, and verifies them again", async () => {
    const token = hmacToken({ ...goodClaims, sub: "ZEQ-FIRST" });
    await authenticator.authenticate(token);
    for (let index = 0; index < 8; index += 1) {
      await authenticator.authenticate(hmacToken({ ...goodClaims, sub: `ZEQ${index}` }));
    }
    const again = authenticator.authenticate(token);
    expect(again).toBeInstanceOf(Promise);
    expect(await again).toEqual({ zid: "ZEQ-FIRST", role: "admin" });
  });

  test("does not remember refusals", async () => {
    const early = hmacToken({ ...goodClaims, nbf: nowSeconds + 100 });
    expect((await failureOf(() => authenticator.authenticate(early))).code).toBe("UNAUTHENTICATED");
    clock.turnTo((nowSeconds + 100) * 1_000);
    expect(await authenticator.authenticate(early)).toMatchObject({ role: "admin" });
    clock.turnTo(nowSeconds * 1_000);
  });

  test("gives a principal that nobody can change for others", async () => {
    expect(Object.isFrozen(await authenticator.authenticate(hmacToken(goodClaims)))).toBe(true);
  });
});
