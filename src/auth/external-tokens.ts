import type { CryptoKey, JWTPayload } from "jose";
import { jwtVerify } from "jose/jwt/verify";
import { type Clock, errorCode, systemZid } from "../base/index.ts";
import { clockSkewSeconds, goodUntilMs, type ProvenIdentity, zidIn } from "./claims.ts";
import { fetchKeySet } from "./fetch-key-set.ts";
import { createIssuerKeys, type HeldKeys, type IssuerState } from "./issuer-keys.ts";
import type { KeyHint } from "./key-set.ts";
import { badSignature, unauthenticated } from "./refusal.ts";

/** An external issuer of caller tokens; its public keys are fetched from its JWKS URL. */
export interface ExternalIssuer {
  readonly jwksUrl: URL;
  readonly issuer: string;
  readonly audience: string;
  /** The claim that holds the ZID. */
  readonly zidClaim: string;
}

/** Asymmetric only: with HS256, an attacker could use a public key as the HMAC secret (RFC 8725 §2.1). */
export const externalAlgorithms: readonly string[] = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA"],
];

const unknownKey = "unknown key: no usable key of the issuer has its kid and algorithm";

/**
 * Verifies tokens of an external issuer. They always get the role `caller`, whatever role they claim, and never the
 * system's ZID. Keys are fetched at the first token, not before.
 *
 * The function rejects with VaultError `ISSUER_UNAVAILABLE` while the keys cannot be fetched, and with any other error
 * for an invalid token.
 */
export function createExternalVerifier(
  external: ExternalIssuer,
  clock: Clock,
  onState?: (state: IssuerState) => void,
): (token: string, hint: KeyHint, nowMs: number) => Promise<ProvenIdentity> {
  const issuerKeys = createIssuerKeys({ fetchKeys: () => fetchKeySet(external.jwksUrl), clock, onState });
  const fixed = {
    algorithms: [...externalAlgorithms],
    issuer: external.issuer,
    audience: external.audience,
    requiredClaims: ["exp"],
    clockTolerance: clockSkewSeconds,
  };

  async function verify(token: string, keys: readonly CryptoKey[], nowMs: number): Promise<JWTPayload | undefined> {
    for (const key of keys) {
      try {
        return (await jwtVerify(token, key, { ...fixed, currentDate: new Date(nowMs) })).payload;
      } catch (error) {
        if (errorCode(error) !== "ERR_JWS_SIGNATURE_VERIFICATION_FAILED") {
          throw error;
        }
      }
    }
    return undefined;
  }

  async function verifyWithAny(token: string, hint: KeyHint, nowMs: number): Promise<[JWTPayload, HeldKeys]> {
    let held = await issuerKeys.current();
    let { keys, areNamed } = await held.set.candidates(hint);
    let payload = await verify(token, keys, nowMs);
    // If a key with the token's `kid` was tried and the signature failed, newer keys would not change the result.
    const newer = payload === undefined && !areNamed ? await issuerKeys.newerThan(held) : undefined;
    if (newer !== undefined) {
      held = newer;
      ({ keys, areNamed } = await held.set.candidates(hint));
      payload = await verify(token, keys, nowMs);
    }
    if (payload === undefined) {
      throw unauthenticated(keys.length > 0 ? badSignature : unknownKey);
    }
    return [payload, held];
  }

  return async (token, hint, nowMs) => {
    const [payload, held] = await verifyWithAny(token, hint, nowMs);
    const until = goodUntilMs(payload, nowMs);
    const zid = zidIn(payload, external.zidClaim, "the claim that ZSC_CALLER_ZID_CLAIM names");
    if (zid === systemZid) {
      throw unauthenticated("an external token that claims to be the system");
    }
    const principal = Object.freeze({ zid, role: "caller" as const });
    return { principal, provenAtMs: nowMs, goodUntilMs: Math.min(until, held.trustedUntilMs(nowMs)) };
  };
}
