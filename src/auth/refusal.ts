import { errorCode, VaultError } from "../base/index.ts";
/** The only error for an invalid token. The reason is for the logs and quotes nothing of the token. */
export function unauthenticated(reason: string): VaultError {
  return new VaultError("UNAUTHENTICATED", "unauthorized", { cause: new Error(reason) });
}

/** The error for a valid token that lacks permission. */
export function forbidden(reason: string): VaultError {
  return new VaultError("FORBIDDEN", "forbidden", { cause: new Error(reason) });
}

/** The error while an external issuer's keys cannot be fetched: the token can be neither accepted nor rejected. */
export function issuerUnavailable(reason: string, retryAfterMs: number): VaultError {
  const cause = new Error(reason);
  return new VaultError("ISSUER_UNAVAILABLE", "the keys of the token's issuer are out of reach", {
    cause,
    retryAfterMs,
  });
}

export const badSignature = "bad signature";
export const malformed = "malformed";

/** Our text for each of jose's error codes. The errors themselves carry the claims and are not passed on. */
const reasons: Readonly<Record<string, string>> = {
  ERR_JWS_INVALID: malformed,
  ERR_JWT_INVALID: malformed,
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: badSignature,
  ERR_JOSE_ALG_NOT_ALLOWED: "its algorithm is not accepted",
  ERR_JOSE_NOT_SUPPORTED: "it asks for something that is not supported",
};

/** Our text for jose's claim errors, by claim and `reason`. */
const claimReasons: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  iss: { check_failed: "wrong issuer (iss)", missing: "no issuer (iss)" },
  aud: { check_failed: "wrong audience (aud)", missing: "no audience (aud)" },
  exp: { missing: "no exp: it would never expire", invalid: "exp is not a number" },
  nbf: { check_failed: "from the future (nbf)", invalid: "nbf is not a number" },
  iat: { invalid: "iat is not a number" },
};

/** Converts any error of a verification into a VaultError: a token that could not be verified is rejected. */
export function refusalOf(error: unknown, nowMs: number): VaultError {
  if (error instanceof VaultError) {
    return error;
  }
  const code = errorCode(error) ?? "";
  if (code === "ERR_JWT_EXPIRED") {
    return expired(expOf(error), nowMs);
  }
  return unauthenticated(reasons[code] ?? claimReason(error) ?? `it could not be verified ${code}`.trim());
}

/** @param exp seconds since the Unix epoch; any number, or not a number at all, since it comes from the token */
export function expired(exp: unknown, nowMs: number): VaultError {
  const at = typeof exp === "number" ? new Date(exp * 1_000) : new Date(Number.NaN);
  if (Number.isNaN(at.getTime())) {
    return unauthenticated("expired");
  }
  const agoSeconds = Math.floor((nowMs - at.getTime()) / 1_000);
  return unauthenticated(`expired at ${at.toISOString()} (${agoSeconds} s ago)`);
}

function claimReason(error: unknown): string | undefined {
  const isOfClaim = typeof error === "object" && error !== null && "claim" in error && "reason" in error;
  return isOfClaim ? claimReasons[String(error.claim)]?.[String(error.reason)] : undefined;
}

function expOf(error: unknown): unknown {
  const payload = typeof error === "object" && error !== null && "payload" in error ? error.payload : undefined;
  return typeof payload === "object" && payload !== null && "exp" in payload ? payload.exp : undefined;
}
