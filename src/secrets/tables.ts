import { type AnyTable, declareTable, originPrefix } from "../ledger/index.ts";
import { lookedAtZeqonds, windowZeqonds } from "./limiter.ts";
import type { Secret } from "./secret.ts";

/** ZSC's secrets (contract, sections 1 and 4). */
export const secrets = declareTable<Secret>({
  name: "secret",
  since: 1,
  kind: "versioned",
  columns: [
    { field: "id", name: "id", type: "uuid" },
    { field: "name", name: "name", type: "text", maxBytes: 255 },
    { field: "purposeTag", name: "purpose_tag", type: "text", maxBytes: 128, optional: true },
    { field: "boundZid", name: "bound_zid", type: "text", maxBytes: 128 },
    { field: "permissions", name: "permissions", type: "texts" },
    { field: "expiresZeqond", name: "expires_zeqond", type: "integer", optional: true },
    { field: "version", name: "version", type: "integer" },
    { field: "sealedKey", name: "sealed_key", type: "bytes", maxBytes: 255, unlisted: true },
    { field: "sealedValue", name: "sealed_value", type: "bytes", unlisted: true },
    { field: "createdAt", name: "created_at", type: "time" },
    { field: "updatedAt", name: "updated_at", type: "time" },
  ],
  key: ["name"],
  identity: "id",
  lookups: { expiry: ["expiresZeqond"] },
  counters: { count: "readCount", latest: "lastReadZeqond" },
  digestPrefix: "zsc-vault-row-v1",
  log: {
    originPrefix,
    created: "created",
    put: ["secret_set", "secret_rotated"],
    removed: "secret_deleted",
    noun: "secret",
  },
});

/** A denial that counts against a ZID (contract, section 2, "The denial limiter"). */
export interface Denial {
  /** The row that recorded it. */
  readonly seq: number;
  readonly zid: string;
  readonly zeqond: number;
}

export const denials = declareTable<Denial>({
  name: "denial",
  since: 1,
  kind: "derived",
  columns: [
    { field: "seq", name: "seq", type: "integer" },
    { field: "zid", name: "zid", type: "text", maxBytes: 128 },
    { field: "zeqond", name: "zeqond", type: "integer" },
  ],
  key: ["seq"],
  lookups: { zid: ["zid"] },
  digestPrefix: "zsc-denial-v1",
  derivation: {
    types: ["secret_denied"],
    of: ({ seq, actorZid, transitionType, proofPurpose, zeqondNumber }): Denial | undefined =>
      transitionType === "secret_denied" && proofPurpose === "denied"
        ? { seq, zid: actorZid, zeqond: zeqondNumber }
        : undefined,
    seq: "seq",
    zeqond: "zeqond",
    lookup: "zid",
    lookedAtZeqonds,
    windowZeqonds,
    unknown: "the limiter counts a denial that the log does not have like this",
    missing: "the limiter does not count a denial that the log has",
  },
});

/** Every table of the vault. */
export const tables: readonly AnyTable[] = [secrets, denials];
