import { hash } from "node:crypto";

interface Latest {
  readonly token: string;
  readonly digest: string;
}

/** Of each connection, for as long as it is there: most callers send the same token with each call. */
const latest = new WeakMap<object, Latest>();

/**
 * What a token is remembered by: its SHA-256 in base64url.
 *
 * @param connection the one that the token came over; with it, the digest of its latest token is not computed again
 */
export function digestOf(token: string, connection?: object): string {
  if (connection === undefined) {
    return hash("sha256", token, "base64url");
  }
  const known = latest.get(connection);
  if (known?.token === token) {
    return known.digest;
  }
  const digest = hash("sha256", token, "base64url");
  latest.set(connection, { token, digest });
  return digest;
}
