export { type Authenticator, createAuthenticator } from "./authenticator.ts";
export { bearerToken, cookieToken } from "./credentials.ts";
export type { IssuerState } from "./issuer-keys.ts";
export { mintToken } from "./own-tokens.ts";
export { forbidden, unauthenticated } from "./refusal.ts";
export { parseTtl } from "./ttl.ts";
