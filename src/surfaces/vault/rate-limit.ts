import { isIPv6 } from "node:net";
import { BoundedMap, type RateLimit, VaultError } from "../../base/index.ts";
import type { CallOrigin } from "../../transport/index.ts";
import { clientAddress } from "./client-address.ts";

/** Addresses that are told apart; beyond it, those who were not seen for the longest time begin anew. */
const maxAddresses = 20_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Refuses an address that calls too often: a token bucket for each. */
export function createRateLimit(
  limit: RateLimit | null,
  trustedProxies: readonly string[],
  nowMs: () => number,
): (from: CallOrigin | undefined) => VaultError | undefined {
  if (limit === null) {
    return () => undefined;
  }
  const { perSecond, burst } = limit;
  const buckets = new BoundedMap<Bucket>(maxAddresses);
  return (from) => {
    // Those of whom nothing is known share a bucket.
    const key = from === undefined ? "" : networkOf(clientAddress(from, trustedProxies));
    const now = nowMs();
    const bucket = buckets.get(key) ?? { tokens: burst, atMs: now };
    bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.atMs) / 1_000) * perSecond);
    bucket.atMs = now;
    buckets.set(key, bucket);
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return undefined;
    }
    const retryAfterMs = ((1 - bucket.tokens) / perSecond) * 1_000;
    return new VaultError("RATE_LIMITED", "Too many requests from this address", { retryAfterMs });
  };
}

/** One household has a /64 of IPv6. */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) {
    return address;
  }
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  return [...before, ...zeros, ...after].slice(0, 4).join(":");
}
