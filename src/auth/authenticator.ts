import { decodeProtectedHeader } from "jose/decode/protected_header";
import type { Clock } from "../domain/clock.ts";
import type { Principal } from "../domain/principal.ts";
import type { ProvenIdentity } from "./claims.ts";
import { createExternalVerifier, type ExternalIssuer, externalAlgorithms } from "./external-tokens.ts";
import { createOwnVerifier, type OwnIssuer } from "./own-tokens.ts";
import { refusalOf, unauthenticated } from "./refusal.ts";
import { createTokenCache } from "./token-cache.ts";

/** Turns a token into who is calling. What the caller may do with that is for others to decide. */
export interface Authenticator {
  /**
   * Answers at once, without a promise, for a token that was verified before and is still good.
   *
   * Rejects with VaultError `UNAUTHENTICATED` for every token that is not good, and with `FORBIDDEN` for a good one
   * whose role we do not know. The cause names a reason for the logs and holds nothing of the token.
   */
  authenticate(token: string): Principal | Promise<Principal>;
}

export interface AuthenticatorOptions extends OwnIssuer {
  readonly clock: Clock;
  /** Who else may issue caller tokens; nobody unless given. */
  readonly external?: ExternalIssuer | undefined;
  /** How many verified tokens are remembered, 10,000 unless given. */
  readonly maxCachedTokens?: number;
}

const maxTokenLength = 8_192;

/** Throws a plain Error when the secret is shorter than 32 bytes. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { clock } = options;
  const cache = createTokenCache(options.maxCachedTokens ?? 10_000);
  const verify = createVerifier(options);

  async function prove(token: string, nowMs: number): Promise<Principal> {
    try {
      const identity = await verify(token, nowMs);
      cache.remember(token, identity);
      return identity.principal;
    } catch (error) {
      throw refusalOf(error);
    }
  }

  return {
    authenticate: (token) => {
      if (token.length > maxTokenLength) {
        return Promise.reject(unauthenticated("the token is too long"));
      }
      const nowMs = clock.nowMs();
      return cache.find(token, nowMs) ?? prove(token, nowMs);
    },
  };
}

/** Which issuer a token must come from is told by its algorithm; each issuer then accepts only its own algorithms. */
function createVerifier(options: AuthenticatorOptions): (token: string, nowMs: number) => Promise<ProvenIdentity> {
  const own = createOwnVerifier(options);
  const external = options.external === undefined ? undefined : createExternalVerifier(options.external);
  return async (token, nowMs) => {
    const { alg } = headerOf(token);
    const isExternal = alg !== undefined && externalAlgorithms.includes(alg);
    if (!isExternal) {
      return await own(token, nowMs);
    }
    if (external === undefined) {
      throw unauthenticated("no external issuer is configured");
    }
    return await external(token, nowMs);
  };
}

function headerOf(token: string): { readonly alg?: string | undefined } {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw unauthenticated("the token is malformed");
  }
}
