import { decodeProtectedHeader } from "jose/decode/protected_header";
import type { Clock, Principal } from "../base/index.ts";
import type { ProvenIdentity } from "./claims.ts";
import { createExternalVerifier, type ExternalIssuer, externalAlgorithms } from "./external-tokens.ts";
import type { IssuerState } from "./issuer-keys.ts";
import type { KeyHint } from "./key-set.ts";
import { createOwnVerifier, type OwnIssuer } from "./own-tokens.ts";
import { malformed, refusalOf, unauthenticated } from "./refusal.ts";
import { createTokenCache } from "./token-cache.ts";

/** Authenticates a token. Authorization is decided elsewhere (`rpc/admission.ts`). */
export interface Authenticator {
  /**
   * Returns synchronously for a token that is cached and still valid.
   *
   * Rejects with VaultError `UNAUTHENTICATED` for an invalid token, with `FORBIDDEN` for a valid one with an unknown
   * role, and with `ISSUER_UNAVAILABLE` while the issuer's keys cannot be fetched. The cause holds a reason for the
   * logs and no part of the token.
   *
   * @param connection the one that the token came over
   */
  authenticate(token: string, connection?: object): Principal | Promise<Principal>;
}

interface AuthenticatorOptions extends OwnIssuer {
  readonly clock: Clock;
  /** The external issuer of caller tokens. Default: none. */
  readonly external?: ExternalIssuer | undefined;
  /** Called when the external issuer's keys become unavailable or available, and when the reason changes. */
  readonly onIssuerState?: ((state: IssuerState) => void) | undefined;
  /** The size of the cache of verified tokens. Default: 10,000. */
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
      throw refusalOf(error, nowMs);
    }
  }

  return {
    authenticate: (token, connection) => {
      if (token.length > maxTokenLength) {
        return Promise.reject(unauthenticated("longer than 8,192 characters"));
      }
      const nowMs = clock.nowMs();
      return cache.find(token, nowMs, connection) ?? prove(token, nowMs);
    },
  };
}

/** The algorithm in the header selects the issuer, whose verifier accepts only its own algorithms. */
function createVerifier(options: AuthenticatorOptions): (token: string, nowMs: number) => Promise<ProvenIdentity> {
  const own = createOwnVerifier(options);
  const external = options.external && createExternalVerifier(options.external, options.clock, options.onIssuerState);
  return async (token, nowMs) => {
    const header = headerOf(token);
    const isExternal = header.alg !== undefined && externalAlgorithms.includes(header.alg);
    if (!isExternal) {
      return await own(token, nowMs);
    }
    if (external === undefined) {
      throw unauthenticated(
        "its algorithm is that of an external issuer, and none is configured (ZSC_CALLER_JWKS_URL)",
      );
    }
    return await external(token, header, nowMs);
  };
}

function headerOf(token: string): KeyHint {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw unauthenticated(malformed);
  }
}
