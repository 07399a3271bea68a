import type { JWTPayload } from "jose";
import { isZid } from "../domain/names.ts";
import type { Principal } from "../domain/principal.ts";
import { unauthenticated } from "./refusal.ts";

/** What a verified token proves, and until when. */
export interface ProvenIdentity {
  readonly principal: Principal;
  /** Milliseconds since the Unix epoch, from which on the token is no longer good. */
  readonly goodUntilMs: number;
}

/** How far ahead of our clock another's may be, for `nbf` and `iat`. `exp` has no tolerance (contract, section 2). */
export const clockSkewSeconds = 60;

/**
 * Until when the token is good, in milliseconds since the Unix epoch.
 *
 * `nbf` and the types of the three claims were checked by jose; its one tolerance goes for `exp` too, so that `exp` is
 * checked here once more, without any.
 *
 * @throws VaultError `UNAUTHENTICATED` when there is no `exp`, it has passed, or `iat` lies too far ahead
 */
export function goodUntilMs(claims: JWTPayload, nowMs: number): number {
  const { exp, iat } = claims;
  if (exp === undefined || !Number.isFinite(exp)) {
    throw unauthenticated("the token does not expire");
  }
  if (exp * 1_000 <= nowMs) {
    throw unauthenticated("the token has expired");
  }
  if (iat !== undefined && iat > nowMs / 1_000 + clockSkewSeconds) {
    throw unauthenticated("the token is from the future");
  }
  return exp * 1_000;
}

/**
 * The ZID in a claim.
 *
 * @throws VaultError `UNAUTHENTICATED` when there is none or it is ill formed
 */
export function zidIn(claims: JWTPayload, claim: string): string {
  const zid = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  if (typeof zid !== "string" || !isZid(zid)) {
    throw unauthenticated("the token holds no valid ZID");
  }
  return zid;
}
