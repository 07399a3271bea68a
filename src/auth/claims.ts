import type { JWTPayload } from "jose";
import { isZid } from "../domain/names.ts";
import type { Principal } from "../domain/principal.ts";
import { expired, unauthenticated } from "./refusal.ts";

/** What a verified token proves, and for how long that may be remembered. Both in milliseconds since the Unix epoch. */
export interface ProvenIdentity {
  readonly principal: Principal;
  readonly provenAtMs: number;
  /** From then on the token is no longer good, or must be verified again. */
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
 * The ZID in a claim, which `called` names in the log.
 *
 * @throws VaultError `UNAUTHENTICATED` when there is none or it is ill formed
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
