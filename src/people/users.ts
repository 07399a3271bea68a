import type { KeyRecord } from "../auth/index.ts";
import { randomUuid, VaultError } from "../base/index.ts";
import type { AuditDraft, Operation } from "../ledger/index.ts";
import { findApiKey, isGood } from "./caller.ts";
import { type Asked, callOperation, operatorDraft } from "./events.ts";
import { scopesWithin } from "./scopes.ts";
import {
  type ApiKey,
  apiKeys,
  type Organisation,
  organisations,
  type Person,
  people,
  revokedTokens,
  unused,
} from "./tables.ts";

export interface NewUser {
  readonly email: string;
  readonly role: "owner" | "admin" | "member";
  readonly name: string;
  readonly zid: string | null;
  /** PHC text; absent: the user signs in with keys alone. */
  readonly passwordHash?: string | null;
}

const maxEmailLength = 320;

/** An e-mail as it is compared. @throws VaultError `INVALID_ARGUMENT` */
export function parseEmail(text: string): string {
  const email = text.trim().toLowerCase();
  if (email.length > maxEmailLength || !/^[^\s@|\p{Cc}]+@[^\s@|\p{Cc}]+$/u.test(email)) {
    throw new VaultError("INVALID_ARGUMENT", "the e-mail must be an address with one @ and no spaces");
  }
  return email;
}

/**
 * Makes a user with one personal key, by the operator. `key` is what is kept of it.
 *
 * Refuses with `CONFLICT` when the e-mail is taken.
 */
export function createUser(user: NewUser, key: KeyRecord): Operation<{ readonly id: string }> {
  return {
    needs: [
      { table: people, lookup: "email", by: [user.email] },
      { table: apiKeys, inserts: true },
    ],
    weight: { rows: 2, bytes: 0 },
    apply(view) {
      if (view.all(people, "email", user.email).length > 0) {
        const error = new VaultError("CONFLICT", "there is a user with that e-mail");
        return { outcome: { kind: "refused", error }, changes: [], drafts: [] };
      }
      const id = randomUuid();
      const sub = `user:${id}`;
      const createdAt = view.now.iso;
      const { email, name, zid, role, passwordHash = null } = user;
      const person: Person = { ...newPerson({ sub, email, name, role, createdAt }), zid, passwordHash };
      const first = { ...apiKeyOf(sub, "first", key, createdAt) };
      return {
        outcome: { kind: "done", value: { id } },
        changes: [
          { kind: "put", table: people, record: person },
          { kind: "put", table: apiKeys, record: first },
        ],
        drafts: [
          operatorDraft("user.create", sub, { changed: { table: people, record: person, isNew: true } }),
          operatorDraft("api_key.create", `api_key:${first.id}`, {
            changed: { table: apiKeys, record: first, isNew: true },
          }),
        ],
      };
    },
  };
}

/** A user without a password, as it is at first. */
export function newPerson(given: Pick<Person, "sub" | "email" | "name" | "role" | "createdAt">): Person {
  return {
    ...{ version: 1, description: "", zid: null, scopes: [], vaultIds: [], isActive: 1 },
    ...{ keyPrefix: null, keyHash: null, tokenTtlSeconds: null, expiresAtMs: null, keyExpiresAtMs: null },
    ...{ createdBy: null, passwordHash: null, tokenEpoch: 0, marketingEmails: 0, ...unused, ...given },
  };
}

function apiKeyOf(
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

/** Makes the organisation, unless there is one. `make` is called when there is none. */
export function openOrganisation(
  make: () => Pick<Organisation, "id" | "publicKey" | "sealedKey">,
): Operation<Organisation> {
  return {
    needs: [{ table: organisations, key: ["main"], changes: true }],
    weight: { rows: 1, bytes: 0 },
    apply(view) {
      const known = view.get(organisations, "main");
      if (known !== undefined) {
        return { outcome: { kind: "done", value: known }, changes: [], drafts: [] };
      }
      if (!view.isAsRecorded(organisations, "main")) {
        throw new VaultError("SEAL_BROKEN", "the organisation was taken out of the database by hand");
      }
      const record: Organisation = { slot: "main", version: 1, ...make(), createdAt: view.now.iso };
      const changed = { table: organisations, record, isNew: true };
      return {
        outcome: { kind: "done", value: record },
        changes: [{ kind: "put", table: organisations, record }],
        drafts: [operatorDraft("org.create", "org:main", { id: record.id, changed })],
      };
    },
  };
}

/** The caller's own personal keys. */
export function listApiKeys(asked: Asked): Operation<readonly ApiKey[]> {
  const { sub } = asked.credential;
  return callOperation({
    asked,
    action: "api_key.list",
    subject: { type: "user", id: sub.slice(sub.indexOf(":") + 1), originId: sub, details: {} },
    needs: [{ table: apiKeys, lookup: "sub", by: [sub] }],
    decide: (view, caller) => {
      requireUser(caller);
      return {
        value: [...view.all(apiKeys, "sub", sub)].sort((one, other) => (one.createdAt < other.createdAt ? -1 : 1)),
      };
    },
  });
}

const maxKeys = 100;

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
    needs: [{ table: apiKeys, lookup: "sub", by: [sub] }],
    decide(view, caller) {
      requireUser(caller);
      if (view.all(apiKeys, "sub", sub).length >= maxKeys) {
        throw new VaultError("LIMIT_EXCEEDED", `a user may have ${maxKeys} keys`);
      }
      const scopes = scopesWithin(caller.scopes, wanted.scopes);
      const key = apiKeyOf(sub, wanted.name, wanted.record, view.now.iso, scopes, wanted.expiresAtMs);
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
      if (!view.isAsRecorded(apiKeys, id)) {
        throw new VaultError("SEAL_BROKEN", "the key is not what the audit log says so it cannot be changed");
      }
      const record = { ...key, version: key.version + 1, isActive: 0 };
      return {
        value: undefined,
        changes: [{ kind: "put", table: apiKeys, record }],
        changed: { table: apiKeys, record, isNew: false },
      };
    },
  });
}

function requireUser({ type }: { readonly type: string }): void {
  if (type !== "user") {
    throw new VaultError("FORBIDDEN", "Insufficient permissions");
  }
}

/** A key that was exchanged, and the user whose it is. */
export interface ExchangedKey {
  readonly key: ApiKey;
  readonly person: Person;
}

/**
 * A personal key is exchanged for a token; one event, also when it is refused.
 *
 * @param owner whose it was when it was looked for (`findApiKey`); undefined: nobody's
 */
export function exchangeKey(presented: KeyRecord, owner: string | undefined): Operation<ExchangedKey> {
  const find = findApiKey(presented);
  return {
    needs: [...find.needs, ...(owner === undefined ? [] : [{ table: people, key: [owner] }])],
    weight: { rows: 1, bytes: 0 },
    apply(view) {
      const { outcome } = find.apply(view);
      const key = outcome.kind === "done" ? outcome.value : undefined;
      const person = owner === undefined ? undefined : view.get(people, owner);
      const mayEnter =
        key !== undefined && person?.sub === key.sub && isGood(key, view.now) && isGood(person, view.now);
      const sub = key?.sub ?? "system:anonymous";
      const draft: AuditDraft = {
        type: mayEnter ? "auth.success" : "auth.failure",
        originId: key === undefined ? "org:main" : sub,
        actorZid: mayEnter ? sub : "system:anonymous",
        purpose: mayEnter ? "auth.success" : "auth.failure",
        payload: {
          resource_type: key === undefined ? "org" : "user",
          resource_id: key === undefined ? "main" : sub.slice(sub.indexOf(":") + 1),
          details: { method: "api_key", ...(key === undefined ? {} : { key_id: key.id }) },
        },
      };
      return {
        outcome: mayEnter
          ? { kind: "done", value: { key, person } }
          : { kind: "refused", error: new VaultError("UNAUTHENTICATED", "Invalid credentials") },
        changes: mayEnter ? [{ kind: "count", table: people, key: [sub] }] : [],
        drafts: [draft],
      };
    },
  };
}

/** Signs out the token with which this is called. */
export function logout(asked: Asked): Operation<void> {
  const { sub, jti } = asked.credential;
  return callOperation({
    asked,
    action: "auth.logout",
    subject: {
      type: sub.startsWith("agent:") ? "agent" : "user",
      id: sub.slice(sub.indexOf(":") + 1),
      originId: sub,
      details: {},
    },
    needs: jti === null ? [] : [{ table: revokedTokens, lookup: "jti", by: [jti] }],
    decide() {
      if (jti === null) {
        throw new Error("a key cannot be signed out");
      }
      return { value: undefined, changes: [{ kind: "append", table: revokedTokens, draft: 0 }], details: { jti } };
    },
  });
}

/** Who calls, of users. */
export function readProfile(asked: Asked): Operation<Person> {
  const { sub } = asked.credential;
  return callOperation({
    asked,
    action: "user.read",
    subject: { type: "user", id: sub.slice(sub.indexOf(":") + 1), originId: sub, details: {} },
    needs: [],
    decide: (_view, caller) => {
      requireUser(caller);
      return { value: caller.person };
    },
  });
}
