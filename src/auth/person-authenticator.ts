import { BoundedMap, type Clock, type Principal } from "../base/index.ts";
import { type PresentedKey, tryParseApiKey } from "./api-key.ts";
import type { Authenticator } from "./authenticator.ts";
import { refusalOf, unauthenticated } from "./refusal.ts";
import type { SessionTokens } from "./session-tokens.ts";
import { createTokenCache } from "./token-cache.ts";
import { digestOf } from "./token-digest.ts";

/** Whose key it is. The key never changes hands, so that this may be remembered; whether it still counts may not. */
interface KeyOwner {
  readonly sub: string;
  readonly keyId: string;
}

interface PersonAuthenticatorOptions {
  readonly verify: SessionTokens["verify"];
  /** Rejects with VaultError `UNAUTHENTICATED` when there is no such key. */
  findKey(key: PresentedKey): Promise<KeyOwner>;
  readonly clock: Clock;
}

const maxTokenLength = 8_192;
const maxRemembered = 10_000;

/** Authenticates callers of `/v1` by a token, or by a personal key that is sent itself. */
export function createPersonAuthenticator({ verify, findKey, clock }: PersonAuthenticatorOptions): Authenticator {
  const cache = createTokenCache(maxRemembered);
  const owners = new BoundedMap<Principal>(maxRemembered);

  async function prove(token: string, nowMs: number): Promise<Principal> {
    try {
      const identity = await verify(token, nowMs);
      cache.remember(token, identity);
      return identity.principal;
    } catch (error) {
      throw refusalOf(error, nowMs);
    }
  }

  async function find(key: PresentedKey, digest: string): Promise<Principal> {
    const { sub, keyId } = await findKey(key);
    const principal: Principal = Object.freeze({
      role: "person",
      zid: sub,
      credential: { sub, jti: null, keyId, epoch: null },
    });
    owners.set(digest, principal);
    return principal;
  }

  return {
    authenticate: (token, connection) => {
      if (token.length > maxTokenLength) {
        return Promise.reject(unauthenticated("longer than 8,192 characters"));
      }
      const digest = token.startsWith("1ck_") ? digestOf(token, connection) : "";
      const known = owners.get(digest);
      if (known !== undefined) {
        return known;
      }
      const key = tryParseApiKey(token);
      if (key !== undefined) {
        return key.kind === "1ck_"
          ? find(key, digest)
          : Promise.reject(unauthenticated("a key of an agent must be exchanged"));
      }
      const nowMs = clock.nowMs();
      return cache.find(token, nowMs, connection) ?? prove(token, nowMs);
    },
  };
}
