import type { KeyRecord } from "../auth/index.ts";
import { randomUuid, VaultError } from "../base/index.ts";
import type { Need, Operation } from "../ledger/index.ts";
import { type Asked, callOperation, requireAsRecorded, requireUser } from "./events.ts";
import { scopesWithin } from "./scopes.ts";
import { type ApiKey, apiKeys, maxKeysOfUser, unused } from "./tables.ts";

function keysOf(sub: string, isActive: 0 | 1): Need {
  return { table: apiKeys, lookup: "sub", by: [sub, isActive] };
}

/** The caller's own personal keys, of revoked ones as many as are loaded at once, the last ones. */
export function listApiKeys(asked: Asked): Operation<readonly ApiKey[]> {
  const { sub } = asked.credential;
  return callOperation({
    asked,
    action: "api_key.list",
    subject: { type: "user", id: sub.slice(sub.indexOf(":") + 1), originId: sub, details: {} },
    needs: [keysOf(sub, 1), keysOf(sub, 0)],
    decide: (view, caller) => {
      requireUser(caller);
      const keys = [...view.all(apiKeys, "sub", sub, 1), ...view.all(apiKeys, "sub", sub, 0)];
      return { value: keys.sort((one, other) => (one.createdAt < other.createdAt ? -1 : 1)) };
    },
  });
}

interface NewApiKey {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresAtMs: number | null;
  readonly record: KeyRecord;
}

/** Makes a personal key. A key with scopes makes no key that reaches further. */
export function createPersonalKey(asked: Asked, wanted: NewApiKey): Operation<ApiKey> {
  const { sub } = asked.credential;
  return callOperation({
    asked,
    action: "api_key.create",
    subject: { type: "api_key", id: sub.slice(sub.indexOf(":") + 1), originId: sub, details: {} },
    needs: [keysOf(sub, 1)],
    decide(view, caller) {
      requireUser(caller);
      if (view.all(apiKeys, "sub", sub, 1).length >= maxKeysOfUser) {
        throw new VaultError("LIMIT_EXCEEDED", `a user may have ${maxKeysOfUser} active keys`);
      }
      const scopes = scopesWithin(caller.scopes, wanted.scopes);
      const key = newApiKey(sub, wanted.name, wanted.record, view.now.iso, scopes, wanted.expiresAtMs);
      return {
        value: key,
        changes: [{ kind: "put", table: apiKeys, record: key }],
        changed: { table: apiKeys, record: key, isNew: true },
        resourceId: key.id,
        originId: `api_key:${key.id}`,
        details: { name: wanted.name },
      };
    },
  });
}

/** Revokes one of the caller's keys; a second time changes nothing. */
export function revokePersonalKey(asked: Asked, id: string): Operation<void> {
  return callOperation({
    asked,
    action: "api_key.revoke",
    subject: { type: "api_key", id, originId: `api_key:${id}`, details: {} },
    needs: [{ table: apiKeys, key: [id], changes: true }],
    decide(view, caller) {
      requireUser(caller);
      const key = view.get(apiKeys, id);
      if (key === undefined || key.sub !== caller.sub) {
        throw new VaultError("NOT_FOUND", "API key not found");
      }
      if (key.isActive === 0) {
        return { value: undefined };
      }
      requireAsRecorded(view, apiKeys, id);
      const record = { ...key, version: key.version + 1, isActive: 0 };
      return {
        value: undefined,
        changes: [{ kind: "put", table: apiKeys, record }],
        changed: { table: apiKeys, record, isNew: false },
      };
    },
  });
}

/** A personal key as it is at first. */
export function newApiKey(
  sub: string,
  name: string,
  { prefix, hash }: KeyRecord,
  createdAt: string,
  scopes: readonly string[] = [],
  expiresAtMs: number | null = null,
): ApiKey {
  return {
    id: randomUuid(),
    version: 1,
    sub,
    name,
    scopes,
    isActive: 1,
    prefix,
    hash,
    expiresAtMs,
    createdAt,
    ...unused,
  };
}
