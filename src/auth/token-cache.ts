import { BoundedMap, type Principal } from "../base/index.ts";
import type { ProvenIdentity } from "./claims.ts";
import { digestOf } from "./token-digest.ts";

/** Caches verified tokens while they are valid. The keys are hashes, not the tokens themselves. */
interface TokenCache {
  /** The principal of a cached token that is still valid at `nowMs`. */
  find(token: string, nowMs: number, connection?: object): Principal | undefined;
  remember(token: string, identity: ProvenIdentity): void;
}

/** Holds at most `maxTokens`; those not used recently are evicted. */
export function createTokenCache(maxTokens: number): TokenCache {
  const identities = new BoundedMap<ProvenIdentity>(maxTokens);
  return {
    find: (token, nowMs, connection) => {
      const identity = identities.get(digestOf(token, connection));
      if (identity === undefined || nowMs >= identity.goodUntilMs || nowMs < identity.provenAtMs) {
        // The last condition: the clock was set back after the verification, so the entry's age is unknown.
        return undefined;
      }
      return identity.principal;
    },
    remember: (token, identity) => identities.set(digestOf(token), identity),
  };
}
