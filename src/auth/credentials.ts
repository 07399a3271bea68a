import { unauthenticated } from "./refusal.ts";

/** The cookie that signing in at /admin/ sets. */
export const adminCookieName = "zeq_admin";

// RFC 6750 §2.1: one scheme, whatever its case, and one b64token.
const bearer = /^bearer +([\w.~+/-]+=*)$/i;
const bearerScheme = /^\s*bearer(?![\w!#$%&'*+.^`|~-])/i;

/**
 * The token of the Authorization header; undefined when there is none, or one of another scheme, such as a proxy's own
 * Basic. It wins over the cookie. The token is not verified.
 *
 * @throws VaultError `UNAUTHENTICATED` for several Authorization headers, and for Bearer with anything but one token
 */
export function bearerToken(authorization: readonly string[]): string | undefined {
  const [header, another] = authorization;
  if (another !== undefined) {
    throw unauthenticated("more than one Authorization header");
  }
  if (header === undefined) {
    return undefined;
  }
  const token = bearer.exec(header.trim())?.[1];
  if (token === undefined && bearerScheme.test(header)) {
    throw unauthenticated("the bearer token is malformed");
  }
  return token;
}

/**
 * The token of the cookie `zeq_admin`, from all Cookie headers; undefined when there is none. It is not verified.
 *
 * @throws VaultError `UNAUTHENTICATED` for cookies that contradict each other
 */
export function cookieToken(headers: readonly string[]): string | undefined {
  const values = new Set(headers.flatMap((header) => header.split(";")).flatMap(adminCookieValue));
  if (values.size > 1) {
    throw unauthenticated(`two different ${adminCookieName} cookies`);
  }
  const [token] = values;
  return token === "" ? undefined : token;
}

/** The value of `name=value` as a list of one, when the name is that of the admin cookie. */
function adminCookieValue(pair: string): readonly string[] {
  const separator = pair.indexOf("=");
  const isAdmin = separator >= 0 && pair.slice(0, separator).trim() === adminCookieName;
  return isAdmin ? [pair.slice(separator + 1).trim()] : [];
}
