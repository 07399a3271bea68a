import { unauthenticated } from "./refusal.ts";

/** The headers that may carry a token, each as often as it was sent. */
export interface CredentialHeaders {
  readonly authorization: readonly string[];
  readonly cookie: readonly string[];
}

/** The cookie that signing in at /admin/ sets. */
export const adminCookieName = "zeq_admin";

// RFC 6750 §2.1: one scheme, whatever its case, and one b64token.
const bearer = /^bearer +([\w.~+/-]+=*)$/i;

/**
 * The token of a call, or undefined when it has none. A bearer header wins over the cookie. The token is not verified.
 *
 * @throws VaultError `UNAUTHENTICATED` for several Authorization headers, one that is not Bearer, or cookies that
 * contradict each other
 */
export function tokenFrom({ authorization, cookie }: CredentialHeaders): string | undefined {
  if (authorization.length > 1) {
    throw unauthenticated("more than one Authorization header");
  }
  const [header] = authorization;
  return header === undefined ? cookieToken(cookie) : bearerToken(header);
}

function bearerToken(header: string): string {
  const token = bearer.exec(header.trim())?.[1];
  if (token === undefined) {
    throw unauthenticated("the Authorization header is not a bearer token");
  }
  return token;
}

function cookieToken(headers: readonly string[]): string | undefined {
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
