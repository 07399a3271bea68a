import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, type JWTPayload, SignJWT } from "jose";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import { until } from "../support/until.ts";
import { grpcJsClient, type RpcClient } from "./support/rpc-clients.ts";
import { newSecret } from "./support/secrets.ts";
import { closeVaults, openVault, type Vault } from "./support/vault.ts";

const issuer = "https://issuer.example";
const audience = "vault";
const signing = generateKeyPairSync("ec", { namedCurve: "P-256" });
const foreign = generateKeyPairSync("ec", { namedCurve: "P-256" });

// A key server that failed is asked again after 5 s.
jest.setTimeout(30_000);

describe("an external issuer of caller tokens", () => {
  let vault: Vault;
  let client: RpcClient;
  let isUp = true;
  const keyServer = createServer(async (_request, response) => {
    const key = { ...(await exportJWK(signing.publicKey)), alg: "ES256", kid: "k1", use: "sig" };
    response.writeHead(isUp ? 200 : 503, { "content-type": "application/json" });
    response.end(isUp ? JSON.stringify({ keys: [key] }) : "{}");
  });

  const settings = () => ({
    ZSC_CALLER_JWKS_URL: `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/jwks.json`,
    ZSC_CALLER_ISSUER: issuer,
    ZSC_CALLER_AUDIENCE: audience,
    ZSC_CALLER_ZID_CLAIM: "zid",
  });

  beforeAll(async () => {
    await new Promise<void>((resolve) => keyServer.listen(0, "127.0.0.1", resolve));
    vault = await openVault({ env: settings() });
    client = grpcJsClient(vault);
  }, 90_000);
  afterAll(async () => {
    client.close();
    keyServer.closeAllConnections();
    keyServer.close();
    await closeVaults();
  }, 60_000);

  const tokenWith = async (claims: JWTPayload, key: KeyObject = signing.privateKey, kid = "k1") =>
    await new SignJWT({ zid: "ZEQ-EXTERNAL", iss: issuer, aud: audience, ...claims })
      .setProtectedHeader({ alg: "ES256", kid })
      .setExpirationTime("10m")
      .sign(key);
  const reasonOf = async (token: string, name = "n") =>
    (await client.call(ZeqContext.method.read, { name }, { token })).failure?.reason;

  test("lets its callers read what they may, under the ZID of the configured claim", async () => {
    const name = await newSecret(vault, { boundZid: "ZEQ-EXTERNAL", value: "for them" });
    const outcome = await client.call(ZeqContext.method.read, { name }, { token: await tokenWith({}) });
    expect(outcome.message?.value).toBe("for them");
    const actor = await vault.sql("SELECT actor_zid FROM audit_log ORDER BY seq DESC LIMIT 1");
    expect(actor).toEqual([["ZEQ-EXTERNAL"]]);
    expect(await reasonOf(await tokenWith({ zid: "ZEQ-OTHER" }), name)).toBe("DENIED");
  });

  test.each(["admin", "system"])("is believed no role, so that %s is a caller like any other", async (role) => {
    const name = await newSecret(vault, { boundZid: "ZEQ-EXTERNAL" });
    const token = await tokenWith({ role });
    expect((await client.call(ZscAdmin.method.list, {}, { token })).failure?.reason).toBe("FORBIDDEN");
    const onBehalf = { name, onBehalfOf: "ZEQ-SYS" };
    expect((await client.call(ZeqContext.method.read, onBehalf, { token })).failure?.reason).toBe("FORBIDDEN");
    expect(await reasonOf(token, name)).toBeUndefined();
    const json = await vault.send("GET", "/api/zsc/list", { token });
    expect([json.status, json.text]).toEqual([403, '{"ok":false,"error":"forbidden"}']);
  });

  test.each<[string, JWTPayload]>([
    ["who claims to be the system", { zid: "ZEQ-SYS" }],
    ["without a ZID", { zid: undefined }],
    ["of another issuer", { iss: "https://evil.example" }],
    ["for another audience", { aud: "somebody-else" }],
    ["that is expired", { exp: 1 }],
  ])("is not believed a token %s", async (_what, claims) => {
    const { exp, ...rest } = claims;
    const sign = new SignJWT({ zid: "ZEQ-EXTERNAL", iss: issuer, aud: audience, ...rest });
    sign.setProtectedHeader({ alg: "ES256", kid: "k1" }).setExpirationTime(exp ?? "10m");
    expect(await reasonOf(await sign.sign(signing.privateKey))).toBe("UNAUTHENTICATED");
  });

  test("is not believed what another key signed", async () => {
    expect(await reasonOf(await tokenWith({}, foreign.privateKey))).toBe("UNAUTHENTICATED");
  });

  test("has its reasons in the log, and nothing of the token", async () => {
    const refused = [
      [await tokenWith({ zid: "auth0|canary" }), "no ZID: the claim that ZSC_CALLER_ZID_CLAIM names must be text of"],
      [await tokenWith({ zid: undefined }), "no ZID: the claim that ZSC_CALLER_ZID_CLAIM names is missing"],
      [await tokenWith({}, foreign.privateKey), "bad signature"],
      [await tokenWith({ aud: "canary" }), "wrong audience (aud)"],
      [await tokenWith({}, signing.privateKey, "canary-kid"), "unknown key"],
    ] as const;
    for (const [token, reason] of refused) {
      expect(await reasonOf(token)).toBe("UNAUTHENTICATED");
      const lineOf = () => vault.process.log().findLast(({ msg }) => msg === "call refused");
      await until(() => String(lineOf()?.["reason"]).startsWith(reason));
    }
    expect(vault.process.stdout()).not.toContain("canary");
  });

  test("is out of reach: that is not its callers' fault, ours are served, and later all is well again", async () => {
    isUp = false;
    await vault.restart();
    client.close();
    client = grpcJsClient(vault);
    const name = await newSecret(vault, { boundZid: "ZEQ-EXTERNAL" });
    for (let call = 0; call < 5; call += 1) {
      const { failure } = await client.call(ZeqContext.method.read, { name }, { token: await tokenWith({ call }) });
      expect(failure).toMatchObject({ code: "UNAVAILABLE", reason: "ISSUER_UNAVAILABLE", receipt: undefined });
      expect(failure?.retryAfterMs).toBeGreaterThan(0);
    }
    const json = await vault.send("GET", "/api/zsc/list", { token: await tokenWith({}) });
    const detail = "the keys of the token's issuer are out of reach";
    expect([json.status, json.json]).toEqual([500, { ok: false, error: "INTERNAL_ERROR", detail }]);
    expect(await reasonOf(await vault.token("caller", "ZEQ-EXTERNAL"), name)).toBeUndefined();
    isUp = true;
    await until(async () => (await reasonOf(await tokenWith({ again: true }), name)) === undefined);
    const states = () => vault.process.log().filter(({ msg }) => msg.startsWith("the keys of the external issuer"));
    await until(() => states().length >= 2);
    expect(states()).toMatchObject([{ level: "warn", reason: "HTTP status 503" }, { level: "info" }]);
  });
});
