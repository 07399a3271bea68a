import { VaultError } from "../base/index.ts";
import type { Change, Decision, Need, Operation, View } from "../ledger/index.ts";
import { isGood } from "./caller.ts";
import { nothingRecorded, operatorDraft, refusedBy, requireAsRecorded } from "./events.ts";
import { apiKeys, type Person, people } from "./tables.ts";

// What the operator does to a user on the vault's own machine. What is refused to the operator, and what would change nothing,
// leaves no event; every change is one event, whose row names the user by its id alone.

/** The user who has an e-mail, as it is compared. Records nothing. Refuses with `NOT_FOUND` and `SEAL_BROKEN`. */
export function findUser(email: string): Operation<Person> {
  return {
    needs: [{ table: people, lookup: "email", by: [email] }],
    weight: { rows: 0, bytes: 0 },
    apply: (view) =>
      nothingRecorded(() => {
        const [person] = view.all(people, "email", email);
        return person ?? unknownUser();
      }),
  };
}

/** The ids of the personal keys of a user, revoked ones included. Records nothing. */
export function findKeysOf(sub: string): Operation<readonly string[]> {
  return {
    needs: [{ table: apiKeys, lookup: "sub", by: [sub] }],
    weight: { rows: 0, bytes: 0 },
    apply: (view) => nothingRecorded(() => view.all(apiKeys, "sub", sub).map(({ id }) => id)),
  };
}

/**
 * Until it is enabled again, neither its password nor its keys nor its tokens count.
 *
 * Refuses with `FORBIDDEN` for the last active owner, and as all of these operations with `NOT_FOUND` and, for a record that was
 * changed by hand, `SEAL_BROKEN`.
 */
export function disableUser(sub: string): Operation<Person> {
  return operatorOperation(sub, [owners], (view, person) => {
    if (person.isActive === 0) {
      return unchanged(person);
    }
    requireAnotherOwner(view, person, "disabled");
    // Tokens that it has stay dead when it is active again, as those of an agent.
    return changed(person, "admin_user_disabled", { isActive: 0, tokenEpoch: person.tokenEpoch + 1 });
  });
}

/** Gives back password and keys; the tokens from before stay dead. */
export function enableUser(sub: string): Operation<Person> {
  return operatorOperation(sub, [], (_view, person) =>
    person.isActive === 1 ? unchanged(person) : changed(person, "admin_user_enabled", { isActive: 1 }),
  );
}

/** Gives a user a password, its first one or another, and ends all tokens that it has; its keys stay. */
export function setPassword(sub: string, passwordHash: string): Operation<Person> {
  return operatorOperation(sub, [], (_view, person) =>
    changed(person, "auth.password_change", { passwordHash, tokenEpoch: person.tokenEpoch + 1 }),
  );
}

/** @param zid null: none */
export function setZid(sub: string, zid: string | null): Operation<Person> {
  return operatorOperation(sub, [], (_view, person) =>
    person.zid === zid ? unchanged(person) : changed(person, "user.update", { zid }, { changed: "zid" }),
  );
}

/** Ends all tokens that a user has; password and keys stay. */
export function signOutUser(sub: string): Operation<Person> {
  return operatorOperation(sub, [], (_view, person) =>
    changed(person, "user.update", { tokenEpoch: person.tokenEpoch + 1 }, { changed: "tokens" }),
  );
}

/**
 * Removes a user and revokes its keys, an event for each. Vaults and agents that it made stay, and so do policies that name it: its
 * id never comes again.
 *
 * Refuses also with `FORBIDDEN` for the last active owner, and with `CONFLICT` when it has got a key beside `keyIds`.
 */
export function deleteUser(sub: string, keyIds: readonly string[]): Operation<Person> {
  const needs: readonly Need[] = [
    owners,
    { table: apiKeys, lookup: "sub", by: [sub] },
    ...keyIds.map((id) => ({ table: apiKeys, key: [id], changes: true })),
  ];
  return operatorOperation(sub, needs, (view, person) => {
    requireAnotherOwner(view, person, "deleted");
    const revoked = revokeKeys(view, sub, keyIds);
    return {
      outcome: { kind: "done", value: person },
      changes: [...revoked.changes, { kind: "delete", table: people, key: [sub] }],
      drafts: [...revoked.drafts, operatorDraft("admin_user_deleted", sub, {})],
    };
  });
}

function revokeKeys(view: View, sub: string, known: readonly string[]) {
  const keys = view.all(apiKeys, "sub", sub);
  if (!keys.every(({ id }) => known.includes(id))) {
    throw new VaultError("CONFLICT", "the user has got another key meanwhile");
  }
  const records = keys
    .filter(({ isActive }) => isActive === 1)
    .map((key) => {
      requireAsRecorded(view, apiKeys, key.id);
      return { ...key, version: key.version + 1, isActive: 0 };
    });
  return {
    changes: records.map((record): Change => ({ kind: "put", table: apiKeys, record })),
    drafts: records.map((record) =>
      operatorDraft("api_key.revoke", `api_key:${record.id}`, { changed: { table: apiKeys, record, isNew: false } }),
    ),
  };
}

const owners: Need = { table: people, lookup: "role", by: ["owner"] };

function requireAnotherOwner(view: View, person: Person, what: "disabled" | "deleted"): void {
  if (person.role !== "owner" || !isGood(person, view.now)) {
    return;
  }
  const isThere = view.all(people, "role", "owner").some((each) => each.sub !== person.sub && isGood(each, view.now));
  if (!isThere) {
    throw new VaultError("FORBIDDEN", `the last active owner cannot be ${what}`);
  }
}

function operatorOperation(
  sub: string,
  needs: readonly Need[],
  decide: (view: View, person: Person) => Decision<Person>,
): Operation<Person> {
  return {
    needs: [{ table: people, key: [sub], changes: true }, ...needs],
    weight: { rows: needs.length + 1, bytes: 0 },
    apply(view) {
      try {
        const person = view.get(people, sub) ?? unknownUser();
        requireAsRecorded(view, people, sub);
        return decide(view, person);
      } catch (error) {
        return refusedBy(error);
      }
    },
  };
}

function changed(person: Person, action: string, given: Partial<Person>, details = {}): Decision<Person> {
  const record: Person = { ...person, ...given, version: person.version + 1 };
  return {
    outcome: { kind: "done", value: record },
    changes: [{ kind: "put", table: people, record }],
    drafts: [operatorDraft(action, person.sub, { details, changed: { table: people, record, isNew: false } })],
  };
}

function unchanged(person: Person): Decision<Person> {
  return { outcome: { kind: "done", value: person }, changes: [], drafts: [] };
}

function unknownUser(): never {
  throw new VaultError("NOT_FOUND", "there is no user with that e-mail");
}
