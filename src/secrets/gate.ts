import { type Moment, systemZid } from "../base/index.ts";
import { limitedForMs } from "./limiter.ts";
import type { Secret } from "./secret.ts";

export type GateAnswer =
  | { readonly kind: "granted"; readonly secret: Secret }
  | { readonly kind: "denied" }
  | { readonly kind: "not_found" }
  | { readonly kind: "rate_limited"; readonly retryAfterMs: number };

/**
 * Whether `zid` may read `secret` now. Reads and probes both go through this check. The limiter comes first, so that a
 * rate-limited ZID learns nothing, not even which names exist.
 */
export function passGate(secret: Secret | undefined, zid: string, denials: readonly number[], now: Moment): GateAnswer {
  const retryAfterMs = limitedForMs(denials, now);
  if (retryAfterMs > 0) {
    return { kind: "rate_limited", retryAfterMs };
  }
  if (secret === undefined) {
    return { kind: "not_found" };
  }
  return mayRead(secret, zid) ? { kind: "granted", secret } : { kind: "denied" };
}

/** Whether a ZID owns a secret or is permitted to read it; the system is. */
export function mayRead({ boundZid, permissions }: Pick<Secret, "boundZid" | "permissions">, zid: string): boolean {
  return zid === systemZid || zid === boundZid || permissions.includes(zid);
}
