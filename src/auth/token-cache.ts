import { hash } from "node:crypto";
import { BoundedMap } from "../domain/bounded-map.ts";
import type { Principal } from "../domain/principal.ts";
import type { ProvenIdentity } from "./claims.ts";

/** Remembers verified tokens as long as they are good. It holds their hashes, not the tokens themselves. */
export interface TokenCache {
  /** The principal of a token that was verified and is still good at `nowMs`. */
  find(token: string, nowMs: number): Principal | undefined;
  remember(token: string, identity: ProvenIdentity): void;
}

/** Holds at most `maxTokens`; those that were not asked for in a while are forgotten. */
export function createTokenCache(maxTokens: number): TokenCache {
  const identities = new BoundedMap<ProvenIdentity>(maxTokens);
  return {
    find: (token, nowMs) => {
      const identity = identities.get(keyOf(token));
      if (identity === undefined || nowMs >= identity.goodUntilMs || nowMs < identity.provenAtMs) {
        // Or its clock was set back since: then nothing tells how old it is.
        return undefined;
      }
      return identity.principal;
    },
    remember: (token, identity) => identities.set(keyOf(token), identity),
  };
}

function keyOf(token: string): string {
  return hash("sha256", token, "base64url");
}
