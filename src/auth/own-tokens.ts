import { createSecretKey, type KeyObject } from "node:crypto";
import { SignJWT } from "jose/jwt/sign";
import { jwtVerify } from "jose/jwt/verify";
import { type Clock, isZid, systemZid, type TokenRole } from "../base/index.ts";
import { clockSkewSeconds, goodUntilMs, type ProvenIdentity, zidIn } from "./claims.ts";
import { forbidden, unauthenticated } from "./refusal.ts";
import { isRole } from "./roles.ts";

/** Our own issuer: HS256 with one secret (contract, section 6). */
export interface OwnIssuer {
  /** At least 32 bytes: the UTF-8 bytes of the setting, not decoded. */
  readonly secret: Uint8Array;
  readonly issuer: string;
  readonly audience: string;
}

interface MintOptions extends OwnIssuer {
  readonly zid: string;
  readonly role: TokenRole;
  /** At least one second; rounded down to whole seconds. */
  readonly ttlMs: number;
  readonly clock: Clock;
}

const algorithm = "HS256";
const minSecretBytes = 32;

/** Mints a token. Throws a plain Error when the ZID, the role, the TTL or the secret is invalid. */
export async function mintToken(options: MintOptions): Promise<string> {
  const { zid, role, issuer, audience, clock } = options;
  const ttlSeconds = Math.floor(options.ttlMs / 1_000);
  if (!isZid(zid)) {
    throw new Error("the ZID must be 1 to 128 bytes without control characters or |");
  }
  if (isSystemAsCaller(zid, role)) {
    throw new Error(`${systemZid} is the system itself, and no caller: a token of the role caller needs another ZID`);
  }
  if (!(ttlSeconds >= 1)) {
    throw new Error("the token must be good for at least a second");
  }
  const nowSeconds = Math.floor(clock.nowMs() / 1_000);
  return await new SignJWT({ role })
    .setProtectedHeader({ alg: algorithm, typ: "JWT" })
    .setSubject(zid)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + ttlSeconds)
    .sign(keyOf(options.secret));
}

/**
 * Verifies tokens of our own issuer: HS256 only, whatever the header says.
 *
 * The function rejects with VaultError `FORBIDDEN` for a valid token with an unknown role, and with any other error for
 * an invalid token.
 */
export function createOwnVerifier(own: OwnIssuer): (token: string, nowMs: number) => Promise<ProvenIdentity> {
  const key = keyOf(own.secret);
  const fixed = {
    algorithms: [algorithm],
    issuer: own.issuer,
    audience: own.audience,
    requiredClaims: ["exp"],
    clockTolerance: clockSkewSeconds,
  };
  return async (token, nowMs) => {
    const { payload } = await jwtVerify(token, key, { ...fixed, currentDate: new Date(nowMs) });
    const until = goodUntilMs(payload, nowMs);
    const zid = zidIn(payload, "sub", "sub");
    const role = payload["role"];
    if (!isRole(role)) {
      throw forbidden("unknown role");
    }
    if (isSystemAsCaller(zid, role)) {
      throw unauthenticated("a caller's token that claims to be the system");
    }
    return { principal: Object.freeze({ zid, role }), provenAtMs: nowMs, goodUntilMs: until };
  };
}

/** The system may read everything, so a caller token must never carry its ZID (contract, section 6). */
function isSystemAsCaller(zid: string, role: TokenRole): boolean {
  return role === "caller" && zid === systemZid;
}

function keyOf(secret: Uint8Array): KeyObject {
  // RFC 7518 §3.2: the key must be at least as long as the hash output.
  if (secret.length < minSecretBytes) {
    throw new Error("the secret for tokens must be at least 32 bytes");
  }
  return createSecretKey(secret);
}
