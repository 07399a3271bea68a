import type { JWTPayload } from "jose";
import { isZid, type Principal } from "../base/index.ts";
import { expired, unauthenticated } from "./refusal.ts";

/** The identity that a verified token proves, and how long to cache it. Times in milliseconds since the Unix epoch. */
export interface ProvenIdentity {
  readonly principal: Principal;
  readonly provenAtMs: number;
  /** From this time on the token is invalid or must be verified again. */
  readonly goodUntilMs: number;
}

/** How far an issuer's clock may be ahead, for `nbf` and `iat`. `exp` has no tolerance (contract, section 2). */
export const clockSkewSeconds = 60;

/**
 * The time at which the token expires, in milliseconds since the Unix epoch.
 *
 * jose has checked `nbf` and the types of the three claims. Its clock tolerance also applies to `exp`, so `exp` is
 * checked again here without tolerance.
 *
 * @throws VaultError `UNAUTHENTICATED` when `exp` is missing or has passed, or `iat` is too far in the future
 */
export function goodUntilMs(claims: JWTPayload, nowMs: number): number {
  const { exp, iat } = claims;
  if (exp === undefined || !Number.isFinite(exp)) {
    throw unauthenticated("no exp: it would never expire");
  }
  if (exp * 1_000 <= nowMs) {
    throw expired(exp, nowMs);
  }
  if (iat !== undefined && iat > nowMs / 1_000 + clockSkewSeconds) {
    throw unauthenticated("from the future (iat)");
  }
  return exp * 1_000;
}

/**
 * The ZID in a claim. `called` is the claim's name in the log.
 *
 * @throws VaultError `UNAUTHENTICATED` when it is missing or malformed
 */
export function zidIn(claims: JWTPayload, claim: string, called: string): string {
  const zid = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  if (zid === undefined) {
    throw unauthenticated(`no ZID: ${called} is missing`);
  }
  if (typeof zid !== "string" || !isZid(zid)) {
    throw unauthenticated(`no ZID: ${called} must be text of 1 to 128 bytes without control characters or |`);
  }
  return zid;
}
