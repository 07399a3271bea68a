import { JOSEError, JWTClaimValidationFailed } from "jose/errors";
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

/**
 * Turns whatever a verification threw into a refusal: what could not be verified is refused, also when the reason is
 * that the key set is out of reach. Only codes go into the reason: errors of jose carry the claims with them.
 */
export function refusalOf(error: unknown): VaultError {
  if (error instanceof VaultError) {
    return error;
  }
  if (error instanceof JWTClaimValidationFailed) {
    return unauthenticated(`${error.code} ${error.claim}`);
  }
  if (error instanceof JOSEError) {
    return unauthenticated(error.code);
  }
  return unauthenticated(`verification failed: ${codeOf(error)}`);
}

/** A failed fetch has its code in its cause. */
function codeOf(error: unknown): string {
  const cause = typeof error === "object" && error !== null && "cause" in error ? error.cause : undefined;
  return errorCode(error) ?? errorCode(cause) ?? "for an unknown reason";
}
