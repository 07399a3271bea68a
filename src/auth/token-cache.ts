import { hash } from "node:crypto";
import type { Principal } from "../domain/principal.ts";
import type { ProvenIdentity } from "./claims.ts";

/** Remembers verified tokens until they expire. It holds their hashes, not the tokens themselves. */
export interface TokenCache {
  /** The principal of a token that was verified and is still good at `nowMs`. */
  find(token: string, nowMs: number): Principal | undefined;
  remember(token: string, identity: ProvenIdentity): void;
}

/**
 * Holds at most `maxTokens`, in two generations: when the young one is half of that, it becomes the old one, and the
 * tokens that were not asked for since are forgotten. That is close to least recently used, without lists.
 */
export function createTokenCache(maxTokens: number): TokenCache {
  const maxYoung = Math.max(1, Math.floor(maxTokens / 2));
  let young = new Map<string, ProvenIdentity>();
  let old = new Map<string, ProvenIdentity>();

  function keep(key: string, identity: ProvenIdentity): void {
    if (young.size >= maxYoung) {
      old = young;
      young = new Map();
    }
    young.set(key, identity);
  }

  return {
    find: (token, nowMs) => {
      const key = keyOf(token);
      const recent = young.get(key);
      const identity = recent ?? old.get(key);
      if (identity === undefined || nowMs >= identity.goodUntilMs) return undefined;
      if (recent === undefined) keep(key, identity);
      return identity.principal;
    },
    remember: (token, identity) => keep(keyOf(token), identity),
  };
}

function keyOf(token: string): string {
  return hash("sha256", token, "base64url");
}
