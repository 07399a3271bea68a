import { type AnyTable, type AuditRow, declareTable, keyText, type LoggedChange } from "../ledger/index.ts";

const vouched = { kind: "versioned", since: 5, vouched: true } as const;

export interface Vault {
  readonly id: string;
  readonly version: number;
  /** Always `main`: the organisation, by which all are found. */
  readonly org: string;
  readonly name: string;
  readonly description: string;
  /** `user:<uuid>` or `agent:<uuid>`: who owns it. */
  readonly createdBy: string;
  readonly createdAt: string;
}

export const vaults = declareTable<Vault>({
  ...vouched,
  name: "vault",
  columns: [
    { field: "id", name: "id", type: "uuid" },
    { field: "version", name: "version", type: "integer" },
    { field: "org", name: "org", type: "text", maxBytes: 16 },
    { field: "name", name: "name", type: "text", maxBytes: 1_020 },
    { field: "description", name: "description", type: "text" },
    { field: "createdBy", name: "created_by", type: "text", maxBytes: 48 },
    { field: "createdAt", name: "created_at", type: "time" },
  ],
  key: ["id"],
  lookups: { name: ["name"], org: ["org"] },
  digestPrefix: "zsc-vault-v1",
  log: { originPrefix: "vault:", created: "created", put: ["vault.create"], removed: "vault.delete", noun: "vault" },
});

/** What is the same of a version as long as it exists. */
export interface VersionFacts {
  /** Of this version. */
  readonly id: string;
  /** From 1, without gaps. */
  readonly number: number;
  readonly type: string;
  /** A JSON object. */
  readonly metadata: string;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly expiresAtMs: number | null;
  readonly maxReads: number | null;
  readonly sealedKey: Uint8Array;
  readonly sealedValue: Uint8Array;
}

/** A path with its newest version. */
export interface VaultSecret extends VersionFacts {
  /** `<vault id>/<path>`. */
  readonly place: string;
  /** Of the row: every change counts it up. */
  readonly version: number;
  readonly isDeleted: number;
  /** The first number since it was last deleted: older ones are gone. */
  readonly firstNumber: number;
  readonly isDisabled: number;
  /** Of the newest version, where it has a limit. */
  readonly reads: number;
  /** Older versions that were disabled, or read under a limit: `<number> <reads> <1 when disabled>`. */
  readonly older: readonly string[];
  /** JSON; stored, without effect. */
  readonly rotationPolicy: string | null;
}

const factColumns = [
  { field: "id", name: "id", type: "uuid" },
  { field: "number", name: "number", type: "integer" },
  { field: "type", name: "type", type: "text", maxBytes: 16 },
  { field: "metadata", name: "metadata", type: "text" },
  { field: "createdBy", name: "created_by", type: "text", maxBytes: 48 },
  { field: "createdAt", name: "created_at", type: "time" },
  { field: "expiresAtMs", name: "expires_at_ms", type: "integer", optional: true },
  { field: "maxReads", name: "max_reads", type: "integer", optional: true },
  { field: "sealedKey", name: "sealed_key", type: "bytes", maxBytes: 255, unlisted: true },
  { field: "sealedValue", name: "sealed_value", type: "bytes", unlisted: true },
] as const;

/** Once a vault is deleted, what it held is purged, without a row of the log for each secret and version. */
const inVault = { table: "vault", keyCharacters: 36 } as const;

const place = { field: "place", name: "place", type: "text", maxBytes: 1_061 } as const;

export const vaultSecrets = declareTable<VaultSecret>({
  ...vouched,
  name: "vault_secret",
  columns: [
    place,
    { field: "version", name: "version", type: "integer" },
    { field: "isDeleted", name: "is_deleted", type: "integer" },
    { field: "firstNumber", name: "first_number", type: "integer" },
    { field: "isDisabled", name: "is_disabled", type: "integer" },
    { field: "reads", name: "reads_", type: "integer" },
    { field: "older", name: "older", type: "texts" },
    { field: "rotationPolicy", name: "rotation_policy", type: "text", optional: true },
    ...factColumns,
  ],
  key: ["place"],
  lookups: {},
  digestPrefix: "zsc-vault-secret-v1",
  log: {
    originPrefix: "vault:",
    created: "created",
    put: ["secret.write", "secret.rotate", "secret.version_disable", "secret.delete", "secret.read"],
    sometimes: ["secret.read", "secret.write", "secret.version_disable"],
    owner: inVault,
    removed: "secret.removed",
    noun: "secret",
  },
});

/** An older version. It never changes. */
export interface OlderVersion extends VersionFacts {
  readonly place: string;
}

export const olderVersions = declareTable<OlderVersion>({
  name: "vault_version",
  since: 5,
  kind: "appended",
  vouched: true,
  columns: [place, ...factColumns],
  key: ["place", "number"],
  lookups: { place: ["place"] },
  digestPrefix: "zsc-vault-version-v1",
  log: {
    originPrefix: "vault:",
    created: "created",
    put: ["secret.write", "secret.rotate"],
    changeOf: supersededBy,
    owner: inVault,
    removed: "vault_version.removed",
    noun: "version",
  },
});

/** A new version says what the one before it is kept as. */
function supersededBy({ originId, payloadJson }: AuditRow): LoggedChange | undefined {
  try {
    const { superseded } = JSON.parse(payloadJson);
    if (Number.isSafeInteger(superseded?.number)) {
      const key = keyText([originId.slice("vault:".length), superseded.number]);
      return { key, version: 1, sealedDigest: String(superseded.digest), creates: true };
    }
  } catch {
    // The row was not written by us.
  }
  return undefined;
}

/** A request with an idempotency key that was answered. It follows from the log. */
interface KeyedAnswer {
  readonly seq: number;
  /** Of the caller and the key. */
  readonly id: string;
  /** Of caller, key, method, path and body, under a key of the vault. */
  readonly fingerprint: string;
  /** The version that the answer was about. */
  readonly number: number;
  readonly zeqond: number;
}

/** Five minutes, in Zeqonds of 777 ms. */
const repeatedZeqonds = 386;

export const keyedAnswers = declareTable<KeyedAnswer>({
  name: "keyed_answer",
  since: 5,
  kind: "derived",
  columns: [
    { field: "seq", name: "seq", type: "integer" },
    { field: "id", name: "id", type: "text", maxBytes: 64 },
    { field: "fingerprint", name: "fingerprint", type: "text", maxBytes: 128 },
    { field: "number", name: "number", type: "integer" },
    { field: "zeqond", name: "zeqond", type: "integer" },
  ],
  key: ["seq"],
  lookups: { id: ["id"] },
  digestPrefix: "zsc-keyed-answer-v1",
  derivation: {
    types: ["secret.write", "secret.read"],
    of: ({ seq, payloadJson, zeqondNumber }: AuditRow): KeyedAnswer | undefined => {
      const keyed = keyedIn(payloadJson);
      return keyed && { seq, ...keyed, zeqond: zeqondNumber };
    },
    seq: "seq",
    zeqond: "zeqond",
    lookup: "id",
    lookedAtZeqonds: repeatedZeqonds,
    windowZeqonds: repeatedZeqonds,
    unknown: "an answer is to be repeated that the log does not have",
    missing: "the log has an answer that is to be repeated, and the table does not",
  },
});

function keyedIn(payloadJson: string): Pick<KeyedAnswer, "id" | "fingerprint" | "number"> | undefined {
  // Most rows are of requests without a key.
  if (!payloadJson.includes('"keyed":{')) {
    return undefined;
  }
  try {
    const { id, fingerprint, number } = JSON.parse(payloadJson).keyed ?? {};
    const isWhole = typeof id === "string" && typeof fingerprint === "string" && Number.isSafeInteger(number);
    return isWhole ? { id, fingerprint, number } : undefined;
  } catch {
    return undefined;
  }
}

export interface StoredPolicy {
  readonly id: string;
  readonly version: number;
  readonly vaultId: string;
  /** `user:<uuid>` or `agent:<uuid>`. */
  readonly principal: string;
  readonly pattern: string;
  readonly permissions: readonly string[];
  readonly effect: string;
  readonly priority: number;
  readonly expiresAtMs: number | null;
  /** A JSON object. */
  readonly conditions: string;
  readonly createdBy: string;
  readonly createdAt: string;
}

/** Policies that name one principal that are loaded at once, wherever they are. */
export const maxHeld = 1_000;

export const policies = declareTable<StoredPolicy>({
  ...vouched,
  name: "policy",
  columns: [
    { field: "id", name: "id", type: "uuid" },
    { field: "version", name: "version", type: "integer" },
    { field: "vaultId", name: "vault_id", type: "uuid" },
    { field: "principal", name: "principal", type: "text", maxBytes: 48 },
    { field: "pattern", name: "pattern", type: "text", maxBytes: 1_024 },
    { field: "permissions", name: "permissions", type: "texts" },
    { field: "effect", name: "effect", type: "text", maxBytes: 8 },
    { field: "priority", name: "priority", type: "integer" },
    { field: "expiresAtMs", name: "expires_at_ms", type: "integer", optional: true },
    { field: "conditions", name: "conditions", type: "text" },
    { field: "createdBy", name: "created_by", type: "text", maxBytes: 48 },
    { field: "createdAt", name: "created_at", type: "time" },
  ],
  key: ["id"],
  lookups: { vault: ["vaultId"], holder: ["vaultId", "principal"], principal: ["principal"] },
  mostLoaded: { principal: { most: maxHeld } },
  digestPrefix: "zsc-policy-v1",
  log: {
    originPrefix: "policy:",
    created: "created",
    put: ["policy.create", "policy.update"],
    removed: "policy.delete",
    noun: "policy",
  },
});

export const vaultTables: readonly AnyTable[] = [vaults, vaultSecrets, olderVersions, policies, keyedAnswers];
