import { isIPv4 } from "node:net";
import { usage } from "../failure.ts";

interface UrlRules {
  /** Whether `http:` may go beyond this machine. */
  readonly allowHttp: boolean;
}

/**
 * The origin of a vault: `https:`, or `http:` to loopback.
 *
 * @throws CliFailure when it is anything more than an origin
 */
export function parseVaultUrl(text: string, { allowHttp }: UrlRules): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw usage("the URL of a vault begins with https://", "zsc --help");
  }
  const more = [url.username, url.password, url.search, url.hash].some((part) => part !== "");
  if (more || url.pathname !== "/" || text.includes("?") || text.includes("#")) {
    throw usage("the URL of a vault has no user, path or query", `--url ${url.protocol}//${url.host}`);
  }
  if (url.protocol === "http:" && !isLoopbackHost(url.hostname) && !allowHttp) {
    throw usage(
      `tokens and values would cross the network in the clear to ${url.host}`,
      `--url https://${url.host}, or --allow-http`,
    );
  }
  return url.origin;
}

export function isLoopbackHost(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || (isIPv4(hostname) && hostname.startsWith("127."));
}
