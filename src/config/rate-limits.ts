import { isIP } from "node:net";
import type { RateLimit } from "../base/index.ts";
import { SettingProblem } from "./config-error.ts";
import type { Settings } from "./settings.ts";

interface RateLimits {
  readonly rateLimit: RateLimit | null;
  readonly authRateLimit: RateLimit | null;
  readonly trustedProxies: readonly string[];
}

/** How often one address may call `/v1`, and whose word counts for an address. */
export function readRateLimits(settings: Settings): RateLimits {
  return {
    rateLimit: settings.parsed<RateLimit | null>("ZSC_RATE_LIMIT", parseRateLimit, { perSecond: 100, burst: 200 }),
    authRateLimit: settings.parsed<RateLimit | null>("ZSC_AUTH_RATE_LIMIT", parseRateLimit, { perSecond: 1, burst: 5 }),
    trustedProxies: settings.parsed<readonly string[]>("ZSC_TRUSTED_PROXIES", parseAddresses, []),
  };
}

function parseRateLimit(text: string): RateLimit | null {
  if (text === "off") {
    return null;
  }
  const [, perSecond, burst] = /^([1-9][0-9]{0,5})\/([1-9][0-9]{0,5})$/.exec(text) ?? [];
  if (perSecond === undefined || burst === undefined) {
    throw new SettingProblem("must be calls a second and at once, such as 100/200, or off");
  }
  return { perSecond: Number(perSecond), burst: Number(burst) };
}

function parseAddresses(text: string): readonly string[] {
  const addresses = text.split(",").map((each) => each.trim());
  if (addresses.some((address) => isIP(address) === 0)) {
    throw new SettingProblem("must be IP addresses with commas between them");
  }
  return addresses;
}
