export { createApiKey, type KeyRecord, type PresentedKey, tryParseApiKey } from "./api-key.ts";
export { type Authenticator, createAuthenticator } from "./authenticator.ts";
export { bearerToken, cookieToken } from "./credentials.ts";
export type { IssuerState } from "./issuer-keys.ts";
export { mintToken } from "./own-tokens.ts";
export { createPersonAuthenticator } from "./person-authenticator.ts";
export { forbidden, unauthenticated } from "./refusal.ts";
export { createSessionKeys, createSessionTokens, type SessionTokens } from "./session-tokens.ts";
export { parseTtl } from "./ttl.ts";
