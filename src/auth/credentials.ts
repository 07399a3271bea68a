import { unauthenticated } from "./refusal.ts";

/** The cookie that signing in at /admin/ sets. */
const adminCookieName = "zeq_admin";

/** Limit for all cookies of a call together, in characters. An admin token has about 300. */
export const maxCookieLength = 8_192;

// RFC 6750 §2.1: the scheme, case-insensitive, and one b64token.
const bearer = /^bearer +([\w.~+/-]+=*)$/i;
const bearerScheme = /^\s*bearer(?![\w!#$%&'*+.^`|~-])/i;

/**
 * The token of the Authorization header; undefined when the header is absent or has another scheme, such as a proxy's
 * Basic. It takes precedence over the cookie. The token is not verified.
 *
 * @param connection the one that the header came over; with it, the same header is not read again
 * @throws VaultError `UNAUTHENTICATED` for several Authorization headers, and for Bearer with anything but one token
 */
export function bearerToken(authorization: readonly string[], connection?: object): string | undefined {
  const [header, another] = authorization;
  if (another !== undefined) {
    throw unauthenticated("more than one Authorization header");
  }
  if (header === undefined) {
    return undefined;
  }
  if (connection === undefined) {
    return tokenIn(header);
  }
  const known = latest.get(connection);
  if (known?.header === header) {
    return known.token;
  }
  const token = tokenIn(header);
  latest.set(connection, { header, token });
  return token;
}

/** Of each connection, for as long as it is there. */
const latest = new WeakMap<object, { readonly header: string; readonly token: string | undefined }>();

function tokenIn(header: string): string | undefined {
  const token = bearer.exec(header.trim())?.[1];
  if (token === undefined && bearerScheme.test(header)) {
    throw unauthenticated("the bearer token is malformed");
  }
  return token;
}

/**
 * The token of the cookie `zeq_admin`, from all Cookie headers; undefined when there is none. It is not verified. The
 * cookies are scanned in place, without splitting: a kilobyte of HPACK can encode hundreds of thousands of them.
 *
 * @throws VaultError `UNAUTHENTICATED` for two different admin cookies, or when all cookies together are too long
 */
export function cookieToken(headers: readonly string[]): string | undefined {
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

/** The value of the cookie pair from `start` to `end`; undefined unless it is the admin cookie. */
function adminCookieValue(header: string, start: number, end: number): string | undefined {
  const pair = header.slice(start, end).trimStart();
  if (!pair.startsWith(adminCookieName)) {
    return undefined;
  }
  const rest = pair.slice(adminCookieName.length).trimStart();
  return rest.startsWith("=") ? rest.slice(1).trim() : undefined;
}
