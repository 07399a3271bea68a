import { VaultError } from "../base/index.ts";
import type { Change, Decision, Need, Operation, View } from "../ledger/index.ts";
import { isGood } from "./caller.ts";
import { nothingRecorded, operatorDraft, refusedBy, requireAsRecorded } from "./events.ts";
import { apiKeys, type Person, people } from "./tables.ts";

// What the operator does to a user on the vault's own machine. What is refused to the operator, and what would change nothing,
// leaves no event; every change is one event, whose row names the user by its id alone.

/**
 * The users who have an e-mail, as it is compared, active ones first: one, unless a row was put back by hand. Records nothing.
 * Refuses with `NOT_FOUND` and `SEAL_BROKEN`.
 */
export function findUsers(email: string): Operation<readonly [Person, ...Person[]]> {
  return findSome([{ table: people, lookup: "email", by: [email] }], (view) => {
    const found = view.all(people, "email", email);
    const [first, ...others] = [1, 0].flatMap((active) => found.filter(({ isActive }) => isActive === active));
    return [first ?? unknownUser(), ...others];
  });
}

/** The ids of the active personal keys of a user. Records nothing. */
export function findKeysOf(sub: string): Operation<readonly string[]> {
  return findSome([keysOf(sub)], (view) => view.all(apiKeys, "sub", sub, 1).map(({ id }) => id));
}

function findSome<T>(needs: readonly Need[], find: (view: View) => T): Operation<T> {
  return { needs, weight: { rows: 0, bytes: 0 }, apply: (view) => nothingRecorded(() => find(view)) };
}

/**
 * Until it is enabled again, neither its password nor its keys nor its tokens count. A user whose row was put back by hand is
 * stopped, too: verification goes on naming that, by the version that its row gets.
 *
 * Refuses with `FORBIDDEN` for the last active owner, and as all of these operations with `NOT_FOUND`, and for a record that was
 * altered by hand with `SEAL_BROKEN`; all but this one also for a record that was put back by hand.
 *
 * @param owners those who may be owners beside it (`findOwners`)
 */
export function disableUser(sub: string, owners: readonly string[]): Operation<Person> {
  return {
    needs: needsPeople([sub, ...owners]),
    weight: { rows: 1, bytes: 0 },
    apply: (view) =>
      decided(() => {
        const person = view.get(people, sub) ?? unknownUser();
        if (person.isActive === 0) {
          return unchanged(person);
        }
        const isPutBack = !view.isAsRecorded(people, sub);
        if (!isPutBack) {
          requireAnotherOwner(view, person, owners, "disabled");
        }
        // Tokens that it has stay dead when it is active again, as those of an agent; also those from after the time of a row that
        // was put back: there were fewer epochs than Zeqonds.
        const tokenEpoch = isPutBack ? Math.max(person.tokenEpoch + 1, view.now.zeqond) : person.tokenEpoch + 1;
        const details = isPutBack ? { put_back: true } : {};
        return changed(person, "admin_user_disabled", { isActive: 0, tokenEpoch }, details);
      }),
  };
}

/** Which of the users who share an e-mail were put back by hand, and are active. Records nothing. */
export function findPutBack(subs: readonly string[]): Operation<readonly string[]> {
  return findSome(needsPeople(subs), (view) =>
    subs.filter((sub) => view.get(people, sub)?.isActive === 1 && !view.isAsRecorded(people, sub)),
  );
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
 *
 * @param owners as for `disableUser`
 */
export function deleteUser(sub: string, keyIds: readonly string[], owners: readonly string[]): Operation<Person> {
  const needs: readonly Need[] = [
    ...needsPeople(owners),
    keysOf(sub),
    ...keyIds.map((id) => ({ table: apiKeys, key: [id], changes: true })),
  ];
  return operatorOperation(sub, needs, (view, person) => {
    requireAnotherOwner(view, person, owners, "deleted");
    const revoked = revokeKeys(view, sub, keyIds);
    return {
      outcome: { kind: "done", value: person },
      changes: [...revoked.changes, { kind: "delete", table: people, key: [sub] }],
      drafts: [...revoked.drafts, operatorDraft("admin_user_deleted", sub, {})],
    };
  });
}

function revokeKeys(view: View, sub: string, known: readonly string[]) {
  const keys = view.all(apiKeys, "sub", sub, 1);
  if (!keys.every(({ id }) => known.includes(id))) {
    throw new VaultError("CONFLICT", "the user has got another key meanwhile");
  }
  const records = keys.map((key) => {
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

function keysOf(sub: string): Need {
  return { table: apiKeys, lookup: "sub", by: [sub, 1] };
}

/** To be compared with the log, and changed. */
function needsPeople(subs: readonly string[]): readonly Need[] {
  return subs.map((sub) => ({ table: people, key: [sub], changes: true }));
}

/** An owner whose row was altered or put back by hand is none. */
function requireAnotherOwner(
  view: View,
  person: Person,
  owners: readonly string[],
  what: "disabled" | "deleted",
): void {
  if (person.role !== "owner" || !isGood(person, view.now)) {
    return;
  }
  const isOwner = (sub: string) => {
    // The row that is stored decides: one that was altered is not as recorded, and is not looked at.
    const other = view.isAsRecorded(people, sub) ? view.get(people, sub) : undefined;
    return other?.role === "owner" && isGood(other, view.now);
  };
  if (!owners.some((sub) => sub !== person.sub && isOwner(sub))) {
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
    apply: (view) =>
      decided(() => {
        const person = view.get(people, sub) ?? unknownUser();
        requireAsRecorded(view, people, sub);
        return decide(view, person);
      }),
  };
}

/** A refusal leaves no event. */
function decided<T>(decide: () => Decision<T>): Decision<T> {
  try {
    return decide();
  } catch (error) {
    return refusedBy(error);
  }
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
