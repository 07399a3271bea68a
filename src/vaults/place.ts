import type { Subject } from "../people/index.ts";
import type { Binding } from "../sealing/index.ts";
import type { VersionFacts } from "./tables.ts";

/** A secret of a vault, as a request names it. */
export interface Place {
  readonly vaultId: string;
  readonly path: string;
  /** Of its record. Made once: a string that is used again is not hashed again. */
  readonly key: string;
}

/** Both are valid. */
export function placeOf(vaultId: string, path: string): Place {
  return { vaultId, path, key: `${vaultId}/${path}` };
}

export function subjectOf({ vaultId, path }: Place): Subject {
  return { type: "secret", id: vaultId, originId: `vault:${vaultId}/${path}`, details: { vault_id: vaultId, path } };
}

/** The binding of a version's seal: all that is the same of it as long as it exists. */
export function bindingOf(place: string, facts: Omit<VersionFacts, "sealedKey" | "sealedValue">): Binding {
  const { id, number, type, metadata, createdBy, createdAt, expiresAtMs, maxReads } = facts;
  return {
    table: "vault_version",
    id,
    name: place,
    version: number,
    boundZid: createdBy,
    permissions: [type, metadata, String(expiresAtMs), String(maxReads)],
    purposeTag: null,
    expiresZeqond: null,
    createdAt,
    updatedAt: createdAt,
  };
}
