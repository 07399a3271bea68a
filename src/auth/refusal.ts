import { errorCode } from "../domain/error-code.ts";
import { VaultError } from "../domain/errors.ts";

/** The one answer to a token that is not good. The reason is for the logs and quotes nothing of the token. */
export function unauthenticated(reason: string): VaultError {
  return new VaultError("UNAUTHENTICATED", "unauthorized", { cause: new Error(reason) });
}

/** The answer to a good token that may not do this. */
export function forbidden(reason: string): VaultError {
  return new VaultError("FORBIDDEN", "forbidden", { cause: new Error(reason) });
}

/** The answer while the keys of an external issuer cannot be had: nothing is known of the token, good or bad. */
export function issuerUnavailable(reason: string, retryAfterMs: number): VaultError {
  const cause = new Error(reason);
  return new VaultError("ISSUER_UNAVAILABLE", "the keys of the token's issuer are out of reach", {
    cause,
    retryAfterMs,
  });
}

export const badSignature = "bad signature";
export const malformed = "malformed";

/** What jose says by the code of its errors. The errors themselves carry the claims and go no further. */
const reasons: Readonly<Record<string, string>> = {
  ERR_JWS_INVALID: malformed,
  ERR_JWT_INVALID: malformed,
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: badSignature,
  ERR_JOSE_ALG_NOT_ALLOWED: "its algorithm is not accepted",
  ERR_JOSE_NOT_SUPPORTED: "it asks for something that is not supported",
};

/** What jose says of one claim, by the `reason` of its error. */
const claimReasons: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  iss: { check_failed: "wrong issuer (iss)", missing: "no issuer (iss)" },
  aud: { check_failed: "wrong audience (aud)", missing: "no audience (aud)" },
  exp: { missing: "no exp: it would never expire", invalid: "exp is not a number" },
  nbf: { check_failed: "from the future (nbf)", invalid: "nbf is not a number" },
  iat: { invalid: "iat is not a number" },
};

/** Turns whatever a verification threw into a refusal: what could not be verified is refused. */
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

/** `exp` in seconds since the Unix epoch, whatever number the token has there. */
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
