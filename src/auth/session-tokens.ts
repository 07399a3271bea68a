import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { calculateJwkThumbprint } from "jose/jwk/thumbprint";
import { SignJWT } from "jose/jwt/sign";
import { jwtVerify } from "jose/jwt/verify";
import { type Clock, type Principal, randomUuid } from "../base/index.ts";
import { clockSkewSeconds, goodUntilMs, type ProvenIdentity } from "./claims.ts";
import { unauthenticated } from "./refusal.ts";

/** The key pair of an organisation's tokens. */
interface SessionKeys {
  /** Raw Ed25519, 32 bytes (RFC 8032). */
  readonly publicKey: Uint8Array;
  /** PKCS #8; the receiver wipes it. */
  readonly privateKey: Uint8Array;
}

const rawBytes = 32;
const algorithm = "EdDSA";
const issuer = "zsc-vault";
const audience = "zsc-vault-v1";

export function createSessionKeys(): SessionKeys {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return {
    publicKey: publicKey.export({ format: "der", type: "spki" }).subarray(-rawBytes),
    privateKey: privateKey.export({ format: "der", type: "pkcs8" }),
  };
}

/** What a token of `/v1` says. */
interface Session {
  /** `user:<uuid>` or `agent:<uuid>`. */
  readonly sub: string;
  readonly org: string;
  readonly scopes: readonly string[];
  /** Of agents. */
  readonly vaultIds?: readonly string[];
  /** The personal key that it was made from, or the prefix of the agent's; null for none. */
  readonly keyId: string | null;
  /** Of the user or agent, as its row says now. */
  readonly epoch?: number;
  readonly ttlSeconds: number;
}

/** Signs and verifies the tokens of `/v1` (contract 1claw.md, section 3): EdDSA and nothing else, whatever the header says. */
export interface SessionTokens {
  sign(session: Session): Promise<string>;
  /** Rejects with any error for an invalid token. */
  verify(token: string, nowMs: number): Promise<ProvenIdentity>;
  /** The public key as a JWK of use `sig`. */
  readonly jwk: Readonly<Record<string, string>>;
}

export async function createSessionTokens(
  { publicKey, privateKey }: SessionKeys,
  clock: Clock,
): Promise<SessionTokens> {
  const signing = createPrivateKey({ key: Buffer.from(privateKey), format: "der", type: "pkcs8" });
  const bare = { kty: "OKP", crv: "Ed25519", x: Buffer.from(publicKey).toString("base64url") };
  const verifying: KeyObject = createPublicKey({ key: bare, format: "jwk" });
  const kid = await calculateJwkThumbprint(bare);
  const fixed = {
    algorithms: [algorithm],
    issuer,
    audience,
    requiredClaims: ["exp", "jti"],
    clockTolerance: clockSkewSeconds,
  };
  return {
    jwk: { ...bare, kid, use: "sig", alg: algorithm },
    async sign({ sub, org, scopes, vaultIds, keyId, epoch, ttlSeconds }) {
      const nowSeconds = Math.floor(clock.nowMs() / 1_000);
      const claims = {
        org,
        ...shortLists({ scopes, vault_ids: vaultIds }),
        ...(keyId === null ? {} : { key_id: keyId }),
        ...(epoch === undefined ? {} : { epoch }),
      };
      return await new SignJWT(claims)
        .setProtectedHeader({ alg: algorithm, typ: "JWT", kid })
        .setSubject(sub)
        .setIssuer(issuer)
        .setAudience(audience)
        .setJti(randomUuid())
        .setIssuedAt(nowSeconds)
        .setExpirationTime(nowSeconds + ttlSeconds)
        .sign(signing);
    },
    async verify(token, nowMs) {
      const { payload } = await jwtVerify(token, verifying, { ...fixed, currentDate: new Date(nowMs) });
      const until = goodUntilMs(payload, nowMs);
      const { sub, jti, key_id: keyId = null, epoch = null } = payload;
      if (typeof sub !== "string" || !/^(user|agent):[0-9a-f-]{36}$/.test(sub) || jti === undefined) {
        throw unauthenticated("its subject is neither a user nor an agent");
      }
      if (keyId !== null && typeof keyId !== "string") {
        throw unauthenticated("key_id is no text");
      }
      if (epoch !== null && typeof epoch !== "number") {
        throw unauthenticated("epoch is no number");
      }
      const principal: Principal = { role: "person", zid: sub, credential: { sub, jti, keyId, epoch } };
      return { principal: Object.freeze(principal), provenAtMs: nowMs, goodUntilMs: until };
    },
  };
}

const maxListBytes = 2_048;

/** A long list is left out: the token would not be accepted, and the rows decide, whatever it says. */
function shortLists(lists: Readonly<Record<string, readonly string[] | undefined>>): Record<string, readonly string[]> {
  const short = Object.entries(lists).filter(
    (entry): entry is [string, readonly string[]] =>
      entry[1] !== undefined && Buffer.byteLength(JSON.stringify(entry[1])) <= maxListBytes,
  );
  return Object.fromEntries(short);
}
