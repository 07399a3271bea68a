import { unauthenticated } from "./refusal.ts";

/** The headers that may carry a token, each as often as it was sent. */
export interface CredentialHeaders {
  readonly authorization: readonly string[];
  readonly cookie: readonly string[];
}

/** The cookie that signing in at /admin/ sets. */
export const adminCookieName = "zeq_admin";

/** Of all cookies of a call together, in characters: an admin token has some 300. */
export const maxCookieLength = 8_192;

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

/** Walks over the cookies where they stand: a kilobyte of headers can hold hundreds of thousands of them. */
function cookieToken(headers: readonly string[]): string | undefined {
  let length = 0;
  let token: string | undefined;
  for (const header of headers) {
    length += header.length;
    if (length > maxCookieLength) {
      throw unauthenticated("the cookies are too long");
    }
    for (let start = 0; start <= header.length; ) {
      const end = endOfPair(header, start);
      const value = adminCookieValue(header, start, end);
      if (value !== undefined && token !== undefined && value !== token) {
        throw unauthenticated(`two different ${adminCookieName} cookies`);
      }
      token ??= value;
      start = end + 1;
    }
  }
  return token === "" ? undefined : token;
}

function endOfPair(header: string, start: number): number {
  const end = header.indexOf(";", start);
  return end < 0 ? header.length : end;
}

/** The value of the pair from `start` to `end`, when its name is that of the admin cookie. */
function adminCookieValue(header: string, start: number, end: number): string | undefined {
  const pair = header.slice(start, end).trimStart();
  if (!pair.startsWith(adminCookieName)) {
    return undefined;
  }
  const rest = pair.slice(adminCookieName.length).trimStart();
  return rest.startsWith("=") ? rest.slice(1).trim() : undefined;
}
