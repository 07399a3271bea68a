import { type AnyTable, declareTable } from "../ledger/index.ts";
import { failuresOfAccounts, failuresOfNetworks } from "./attempts.ts";

/** A user or an agent (contract 1claw.md, sections 3 and 9). */
export interface Person {
  /** `user:<uuid>` or `agent:<uuid>`. */
  readonly sub: string;
  readonly version: number;
  /** Of users: in lower case. */
  readonly email: string | null;
  readonly name: string;
  readonly description: string;
  /** Of users: whose they are on ZSC's own surface. */
  readonly zid: string | null;
  /** `owner`, `admin` or `member`; of agents, and of nobody else, `agent`. */
  readonly role: string;
  /** Empty: no ceiling. */
  readonly scopes: readonly string[];
  /** Empty: any. */
  readonly vaultIds: readonly string[];
  readonly isActive: number;
  /** Of agents: of their key. */
  readonly keyPrefix: string | null;
  readonly keyHash: Uint8Array | null;
  readonly tokenTtlSeconds: number | null;
  readonly expiresAtMs: number | null;
  /** Of agents: from when on their key is dead. */
  readonly keyExpiresAtMs: number | null;
  /** Of users: argon2id, PHC text; null for one that signs in with keys alone. */
  readonly passwordHash: string | null;
  /** Tokens of another one are dead. */
  readonly tokenEpoch: number;
  /** Of users: whether they want mail about news. */
  readonly marketingEmails: number;
  /** `user:<uuid>`; null for who was made by the operator. */
  readonly createdBy: string | null;
  readonly createdAt: string;
  /** How often an agent has called, at most once a minute, and a user has signed in. */
  readonly uses: number;
  /** Null for never. */
  readonly lastUsedZeqond: number | null;
}

/** Neither hashed nor vouched for: nothing is decided by them. */
export const unused = { uses: 0, lastUsedZeqond: null } as const;
const usage = { count: "uses", latest: "lastUsedZeqond" } as const;

const vouched = { kind: "versioned", since: 5, vouched: true } as const;

/** Active ones, or others, of a role that are loaded at once: those made last. No more agents than that can be active. */
export const maxOfRole = 1_000;

export const people = declareTable<Person>({
  ...vouched,
  name: "person",
  columns: [
    { field: "sub", name: "sub", type: "text", maxBytes: 48 },
    { field: "version", name: "version", type: "integer" },
    { field: "email", name: "email", type: "text", maxBytes: 320, optional: true },
    { field: "name", name: "name", type: "text", maxBytes: 1_020 },
    { field: "description", name: "description", type: "text" },
    { field: "zid", name: "zid", type: "text", maxBytes: 128, optional: true },
    { field: "role", name: "role", type: "text", maxBytes: 16 },
    { field: "scopes", name: "scopes", type: "texts" },
    { field: "vaultIds", name: "vault_ids", type: "texts" },
    { field: "isActive", name: "is_active", type: "integer" },
    { field: "keyPrefix", name: "key_prefix", type: "text", maxBytes: 12, optional: true },
    { field: "keyHash", name: "key_hash", type: "bytes", maxBytes: 32, optional: true },
    { field: "tokenTtlSeconds", name: "token_ttl_seconds", type: "integer", optional: true },
    { field: "expiresAtMs", name: "expires_at_ms", type: "integer", optional: true },
    { field: "keyExpiresAtMs", name: "key_expires_at_ms", type: "integer", optional: true },
    { field: "createdBy", name: "created_by", type: "text", maxBytes: 48, optional: true },
    { field: "createdAt", name: "created_at", type: "time" },
    { field: "passwordHash", name: "password_hash", type: "text", maxBytes: 128, optional: true },
    { field: "tokenEpoch", name: "token_epoch", type: "integer" },
    { field: "marketingEmails", name: "marketing_emails", type: "integer" },
  ],
  key: ["sub"],
  lookups: { email: ["email"], key: ["keyPrefix"], role: ["role", "isActive"] },
  indexed: { role: ["role"] },
  mostLoaded: { role: { most: maxOfRole, latest: "createdAt" } },
  counters: usage,
  digestPrefix: "zsc-person-row-v1",
  log: {
    originPrefix: "",
    created: "created",
    put: [
      ...["user.create", "user.update", "auth.password_change", "admin_user_disabled", "admin_user_enabled"],
      ...["agent.register", "agent.update", "agent.rotate_key", "agent.deactivate"],
    ],
    sometimes: ["agent.deactivate"],
    removed: "admin_user_deleted",
    noun: "user or agent",
  },
});

/** A personal key of a user. */
export interface ApiKey {
  readonly id: string;
  readonly version: number;
  readonly sub: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly isActive: number;
  readonly prefix: string;
  readonly hash: Uint8Array;
  readonly expiresAtMs: number | null;
  readonly createdAt: string;
  /** How often, at most once a minute. */
  readonly uses: number;
  /** Null for never. */
  readonly lastUsedZeqond: number | null;
}

/** Active keys, or revoked ones, of a user that are loaded at once: those made last. No more can be active. */
export const maxKeysOfUser = 100;

export const apiKeys = declareTable<ApiKey>({
  ...vouched,
  name: "api_key",
  columns: [
    { field: "id", name: "id", type: "uuid" },
    { field: "version", name: "version", type: "integer" },
    { field: "sub", name: "sub", type: "text", maxBytes: 48 },
    { field: "name", name: "name", type: "text", maxBytes: 1_020 },
    { field: "scopes", name: "scopes", type: "texts" },
    { field: "isActive", name: "is_active", type: "integer" },
    { field: "prefix", name: "prefix", type: "text", maxBytes: 12 },
    { field: "hash", name: "hash", type: "bytes", maxBytes: 32 },
    { field: "expiresAtMs", name: "expires_at_ms", type: "integer", optional: true },
    { field: "createdAt", name: "created_at", type: "time" },
  ],
  key: ["id"],
  lookups: { sub: ["sub", "isActive"], prefix: ["prefix"] },
  indexed: { sub: ["sub"] },
  mostLoaded: { sub: { most: maxKeysOfUser, latest: "createdAt" } },
  counters: usage,
  digestPrefix: "zsc-api-key-row-v1",
  log: {
    originPrefix: "api_key:",
    created: "created",
    put: ["api_key.create", "api_key.revoke"],
    sometimes: ["api_key.revoke"],
    removed: "api_key.removed",
    noun: "key",
  },
});

/** The one organisation of a deployment, and the key that signs its tokens. */
export interface Organisation {
  /** Always `main`. */
  readonly slot: string;
  readonly version: number;
  readonly id: string;
  /** Raw Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The private key in PKCS #8, sealed. */
  readonly sealedKey: Uint8Array;
  readonly createdAt: string;
}

export const organisations = declareTable<Organisation>({
  ...vouched,
  name: "organisation",
  columns: [
    { field: "slot", name: "slot", type: "text", maxBytes: 16 },
    { field: "version", name: "version", type: "integer" },
    { field: "id", name: "id", type: "uuid" },
    { field: "publicKey", name: "public_key", type: "bytes", maxBytes: 32 },
    { field: "sealedKey", name: "sealed_key", type: "bytes", maxBytes: 255 },
    { field: "createdAt", name: "created_at", type: "time" },
  ],
  key: ["slot"],
  lookups: {},
  digestPrefix: "zsc-organisation-row-v1",
  log: { originPrefix: "org:", created: "created", put: ["org.create"], removed: "org.removed", noun: "organisation" },
});

/** A token that was signed out before it expired. It follows from the log. */
interface RevokedToken {
  readonly seq: number;
  readonly jti: string;
  readonly zeqond: number;
}

/** Longer than any token is good for: a day, in Zeqonds of 777 ms. */
const dayZeqonds = 112_000;

export const revokedTokens = declareTable<RevokedToken>({
  name: "revoked_token",
  since: 5,
  kind: "derived",
  columns: [
    { field: "seq", name: "seq", type: "integer" },
    { field: "jti", name: "jti", type: "uuid" },
    { field: "zeqond", name: "zeqond", type: "integer" },
  ],
  key: ["seq"],
  lookups: { jti: ["jti"] },
  digestPrefix: "zsc-revoked-token-v1",
  derivation: {
    types: ["auth.logout"],
    of: ({ seq, payloadJson, zeqondNumber, transitionType }): RevokedToken | undefined => {
      const jti = transitionType === "auth.logout" ? jtiIn(payloadJson) : undefined;
      return jti === undefined ? undefined : { seq, jti, zeqond: zeqondNumber };
    },
    seq: "seq",
    zeqond: "zeqond",
    lookup: "jti",
    lookedAtZeqonds: dayZeqonds,
    windowZeqonds: dayZeqonds,
    unknown: "a token counts as signed out, and the log does not say so",
    missing: "the log says that a token was signed out, and it still counts",
  },
});

function jtiIn(payloadJson: string): string | undefined {
  try {
    const { details } = JSON.parse(payloadJson);
    return typeof details?.jti === "string" ? details.jti : undefined;
  } catch {
    return undefined;
  }
}

export const peopleTables: readonly AnyTable[] = [
  organisations,
  people,
  apiKeys,
  revokedTokens,
  failuresOfAccounts,
  failuresOfNetworks,
];
