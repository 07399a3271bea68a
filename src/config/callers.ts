import type { CallerIssuerConfig } from "./config.ts";
import { SettingProblem } from "./config-error.ts";
import { isLoopback } from "./listen.ts";
import type { Settings } from "./settings.ts";

const together = ["ZSC_CALLER_JWKS_URL", "ZSC_CALLER_ISSUER", "ZSC_CALLER_AUDIENCE"] as const;

/** The external issuer of caller tokens: either all of its settings are set or none. */
export function readCallers(settings: Settings): CallerIssuerConfig | undefined {
  const missing = together.filter((name) => settings.text(name) === undefined);
  const zidClaim = settings.text("ZSC_CALLER_ZID_CLAIM");
  if (missing.length === together.length && zidClaim === undefined) {
    return undefined;
  }
  if (missing.length > 0) {
    settings.problem(`${missing.join(", ")} must be set too, or none of ZSC_CALLER_*`);
  }
  const jwksUrl = settings.parsed<URL | undefined>("ZSC_CALLER_JWKS_URL", parseJwksUrl, undefined);
  if (jwksUrl === undefined) {
    return undefined;
  }
  return {
    jwksUrl,
    issuer: settings.text("ZSC_CALLER_ISSUER") ?? "",
    audience: settings.text("ZSC_CALLER_AUDIENCE") ?? "",
    zidClaim: zidClaim ?? "sub",
  };
}

function parseJwksUrl(text: string): URL {
  const url = URL.parse(text);
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (url === null || !isSafe) {
    throw new SettingProblem("must be an https: URL (http: on loopback only)");
  }
  if (url.username !== "" || url.password !== "") {
    throw new SettingProblem("must not hold a user or a password");
  }
  return url;
}
