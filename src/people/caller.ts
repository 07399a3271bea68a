import { timingSafeEqual } from "node:crypto";
import { type Credential, type Moment, VaultError } from "../base/index.ts";
import type { Need, Operation, View } from "../ledger/index.ts";
import { type ApiKey, apiKeys, type Person, people, revokedTokens } from "./tables.ts";

/** Who calls, as the rows say now. */
export interface Caller {
  readonly sub: string;
  readonly type: "user" | "agent";
  /** UUID. */
  readonly id: string;
  /** `owner`, `admin`, `member` or `agent`. */
  readonly role: string;
  /** Of the agent, or of the key that a user came with. */
  readonly scopes: readonly string[];
  readonly vaultIds: readonly string[];
  readonly person: Person;
}

/** The records that tell who calls. */
export function needsCaller({ sub, jti, keyId }: Credential): readonly Need[] {
  return [
    { table: people, key: [sub] },
    ...(jti === null ? [] : [{ table: revokedTokens, lookup: "jti", by: [jti] }]),
    ...(keyId === null ? [] : [{ table: apiKeys, key: [keyId] }]),
  ];
}

/**
 * Who calls. A token counts only as long as the key that it was made from, and a key only as long as its person.
 *
 * @throws VaultError `UNAUTHENTICATED`
 */
export function callerOf(view: View, { sub, jti, keyId }: Credential): Caller {
  if (jti !== null && view.all(revokedTokens, "jti", jti).length > 0) {
    throw unknownCaller();
  }
  const key = keyId === null ? undefined : view.get(apiKeys, keyId);
  if (keyId !== null && (key === undefined || key.sub !== sub || !isGood(key, view.now))) {
    throw unknownCaller();
  }
  const person = view.get(people, sub);
  if (person === undefined || !isGood(person, view.now)) {
    throw unknownCaller();
  }
  const type = sub.startsWith("agent:") ? "agent" : "user";
  const { role, vaultIds } = person;
  return { sub, type, id: sub.slice(type.length + 1), role, scopes: (key ?? person).scopes, vaultIds, person };
}

/**
 * Finds the personal key that was presented. Records nothing: whether it still counts is decided with the call itself.
 *
 * @throws VaultError `UNAUTHENTICATED` from `submit`
 */
export function findApiKey({ prefix, hash }: Pick<ApiKey, "prefix" | "hash">): Operation<ApiKey> {
  return {
    needs: [{ table: apiKeys, lookup: "prefix", by: [prefix] }],
    weight: { rows: 0, bytes: 0 },
    apply(view) {
      const key = view.all(apiKeys, "prefix", prefix).find((each) => isSame(each.hash, hash));
      const outcome =
        key === undefined
          ? ({ kind: "refused", error: unknownCaller() } as const)
          : ({ kind: "done", value: key } as const);
      return { outcome, changes: [], drafts: [] };
    },
  };
}

/** One answer for all: a caller learns nothing of what is wrong with what he came with. */
function unknownCaller(): VaultError {
  return new VaultError("UNAUTHENTICATED", "Invalid or expired token");
}

function isGood({ isActive, expiresAtMs }: Pick<Person, "isActive" | "expiresAtMs">, now: Moment): boolean {
  return isActive === 1 && (expiresAtMs === null || now.unixMs < expiresAtMs);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && timingSafeEqual(one, other);
}
