import type { KeyRecord } from "../auth/index.ts";
import { randomUuid, VaultError } from "../base/index.ts";
import type { Operation } from "../ledger/index.ts";
import { newApiKey } from "./api-keys.ts";
import { type Asked, callOperation, operatorDraft, requireUser } from "./events.ts";
import { apiKeys, type Person, people, unused } from "./tables.ts";

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
      const first = { ...newApiKey(sub, "first", key, createdAt) };
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
