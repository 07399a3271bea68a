import { generateKeyPairSync } from "node:crypto";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { hmacToken, signedToken, signingInput } from "../../auth/hand-made-tokens.ts";
import { grpcJsClient, type RpcClient } from "../support/rpc-clients.ts";
import { admin, type Vault } from "../support/vault.ts";

const unauthorized = [401, '{"ok":false,"error":"unauthorized"}'];
const forbidden = [403, '{"ok":false,"error":"forbidden"}'];

/** Tokens that are not good, on both surfaces. */
export function badTokens(vault: () => Vault): void {
  let client: RpcClient;
  beforeAll(() => {
    client = grpcJsClient(vault());
  });
  afterAll(() => client.close());

  const now = () => Math.floor(Date.now() / 1_000);
  const claims = (change: Readonly<Record<string, unknown>> = {}) => ({
    sub: admin,
    role: "admin",
    iss: "zsc",
    aud: "zsc",
    iat: now(),
    exp: now() + 600,
    ...change,
  });
  const secret = () => Buffer.from(vault().jwtSecret, "utf8");
  const token = (
    change: Readonly<Record<string, unknown>>,
    header: Readonly<Record<string, unknown>> = { alg: "HS256" },
  ) => hmacToken(claims(change), header, secret());

  const list = async (sent: Parameters<Vault["sendBare"]>[2]) => {
    const answer = await vault().sendBare("GET", "/api/zsc/list", sent);
    return [answer.status, answer.text];
  };

  test("a token made by hand is good when all of it is good", async () => {
    expect((await list({ token: token({}) }))[0]).toBe(200);
    expect((await list({ token: token({ nbf: now() + 30, iat: now() + 30 }) }))[0]).toBe(200);
    expect((await list({ token: token({ aud: ["other", "zsc"] }) }))[0]).toBe(200);
  });

  test.each<[string, () => string]>([
    ["expired", () => token({ exp: now() - 1 })],
    ["without exp", () => token({ exp: undefined })],
    ["with an exp that is no number", () => token({ exp: "tomorrow" })],
    ["from the future by nbf", () => token({ nbf: now() + 300 })],
    ["from the future by iat", () => token({ iat: now() + 300 })],
    ["of another issuer", () => token({ iss: "other" })],
    ["without an issuer", () => token({ iss: undefined })],
    ["for another audience", () => token({ aud: "other" })],
    ["without an audience", () => token({ aud: undefined })],
    ["without a ZID", () => token({ sub: undefined })],
    ["with a ZID that is none", () => token({ sub: "a|b" })],
    ["with an empty ZID", () => token({ sub: "" })],
    ["with a ZID that is a number", () => token({ sub: 7 })],
    ["of alg none", () => `${signingInput({ alg: "none" }, claims())}.`],
    ["of alg none with a signature", () => token({}, { alg: "none" })],
    ["of alg None", () => token({}, { alg: "None" })],
    ["of RS256 signed with the HMAC secret", () => token({}, { alg: "RS256" })],
    ["of HS512", () => hmacToken(claims(), { alg: "HS512" }, secret(), "sha512")],
    ["of HS384", () => hmacToken(claims(), { alg: "HS384" }, secret(), "sha384")],
    ["without alg", () => token({}, { typ: "JWT" })],
    ["with a critical extension", () => token({}, { alg: "HS256", crit: ["b64"], b64: false })],
    ["signed with another secret", () => hmacToken(claims(), { alg: "HS256" }, Buffer.from("x".repeat(40)))],
    ["signed with an empty secret", () => hmacToken(claims(), { alg: "HS256" }, Buffer.alloc(0))],
    ["signed with a key of one's own in the header", () => signedWithOwnKey(claims())],
    ["with a bit of its signature changed", () => token({}).replace(/.(?=.$)/, (last) => (last === "A" ? "B" : "A"))],
    ["without a signature", () => token({}).replace(/[^.]*$/, "")],
    ["of one part", () => "abc"],
    ["of four parts", () => `${token({})}.abc`],
    ["whose claims are no JSON", () => hmacToken("not json", { alg: "HS256" }, secret())],
    ["whose claims are a list", () => hmacToken("[]", { alg: "HS256" }, secret())],
    ["as long as a book", () => "a".repeat(9_000)],
  ])("a token %s is nobody's", async (_what, make) => {
    const bad = make();
    expect(await list({ token: bad })).toEqual(unauthorized);
    expect(await list({ headers: { cookie: `zeq_admin=${bad}` } })).toEqual(unauthorized);
    const outcome = await client.call(ZeqContext.method.read, { name: "n" }, { token: bad });
    expect(outcome.failure).toMatchObject({ code: "UNAUTHENTICATED", reason: "UNAUTHENTICATED" });
    expect(outcome.failure?.receipt).toBeUndefined();
  });

  test.each([["superuser"], [""], ["Admin"], [undefined], [7], [["admin"]], ["toString"]])(
    "a good token with the role %p may do nothing",
    async (role) => {
      const good = token({ role });
      expect(await list({ token: good })).toEqual(forbidden);
      const outcome = await client.call(ZeqContext.method.read, { name: "n" }, { token: good });
      expect(outcome.failure).toMatchObject({ code: "PERMISSION_DENIED", reason: "FORBIDDEN" });
    },
  );

  test("an admin may not read, a caller not manage", async () => {
    const asAdmin = await client.call(ZeqContext.method.read, { name: "n" }, { token: token({}) });
    expect(asAdmin.failure).toMatchObject({ code: "PERMISSION_DENIED", reason: "FORBIDDEN" });
    expect(await list({ token: token({ role: "caller" }) })).toEqual(forbidden);
  });

  test("two Authorization headers are nobody's, also when both are the same good one", async () => {
    const good = `Bearer ${token({})}`;
    for (const second of [good, "Bearer other"]) {
      expect(await list({ headers: { authorization: [good, second] } })).toEqual(unauthorized);
    }
  });

  test("a token is no longer good once it has expired, though it was used before", async () => {
    const short = await vault().token("admin", admin, 2_000);
    expect((await list({ token: short }))[0]).toBe(200);
    const { exp } = JSON.parse(Buffer.from(short.split(".")[1] ?? "", "base64url").toString()) as { exp: number };
    await new Promise((resolve) => setTimeout(resolve, exp * 1_000 - Date.now() + 5));
    expect(await list({ token: short })).toEqual(unauthorized);
  });
}

function signedWithOwnKey(claims: Readonly<Record<string, unknown>>): string {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return signedToken(claims, { alg: "ES256", jwk: publicKey.export({ format: "jwk" }) }, privateKey);
}
