import { createRemoteJWKSet } from "jose/jwks/remote";
import { jwtVerify } from "jose/jwt/verify";
import { systemZid } from "../domain/names.ts";
import { clockSkewSeconds, goodUntilMs, type ProvenIdentity, zidIn } from "./claims.ts";
import { unauthenticated } from "./refusal.ts";

/** An issuer of caller tokens that is not ours; its public keys are fetched from its JWKS. */
export interface ExternalIssuer {
  readonly jwksUrl: URL;
  readonly issuer: string;
  readonly audience: string;
  /** The claim that holds the ZID. */
  readonly zidClaim: string;
}

/** Asymmetric only: with HS256 a public key could pass for a secret (RFC 8725 §2.1). */
export const externalAlgorithms: readonly string[] = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];

const fetchTimeoutMs = 5_000;
/** Keys are fetched again for an unknown key id, but not more often than this. */
const refetchCooldownMs = 30_000;
const maxKeyAgeMs = 600_000;

/**
 * Verifies tokens of an external issuer. They prove a caller and nothing more, whatever role they claim, and never the
 * system. Keys are fetched at the first token, not before. While they are out of reach tokens are refused.
 *
 * The function rejects with any error for a token that is not good.
 */
export function createExternalVerifier(
  external: ExternalIssuer,
): (token: string, nowMs: number) => Promise<ProvenIdentity> {
  const keys = createRemoteJWKSet(external.jwksUrl, {
    timeoutDuration: fetchTimeoutMs,
    cooldownDuration: refetchCooldownMs,
    cacheMaxAge: maxKeyAgeMs,
  });
  const fixed = {
    algorithms: [...externalAlgorithms],
    issuer: external.issuer,
    audience: external.audience,
    requiredClaims: ["exp"],
    clockTolerance: clockSkewSeconds,
  };
  return async (token, nowMs) => {
    const { payload } = await jwtVerify(token, keys, { ...fixed, currentDate: new Date(nowMs) });
    const until = goodUntilMs(payload, nowMs);
    const zid = zidIn(payload, external.zidClaim);
    if (zid === systemZid) {
      throw unauthenticated("an external token claims to be the system");
    }
    return { principal: Object.freeze({ zid, role: "caller" }), goodUntilMs: until };
  };
}
