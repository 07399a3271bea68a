import { randomUuid, VaultError } from "../base/index.ts";
import { type AuditDraft, changeMarks, type Decision, type Operation } from "../ledger/index.ts";
import { type Attempt, failuresOfAccounts, failuresOfNetworks, needsAttempts, refuseTooMany } from "./attempts.ts";
import { callerOf, isGood, needsCaller } from "./caller.ts";
import {
  type Asked,
  addressIn,
  callOperation,
  nothingRecorded,
  operatorDraft,
  requireAsRecorded,
  requireUser,
} from "./events.ts";
import { type Person, people } from "./tables.ts";
import { newPerson } from "./users.ts";

/** Somebody who signs in with a password. */
export interface PasswordSignIn {
  /** As it is compared. */
  readonly email: string;
  readonly attempt: Attempt;
  /** The client's address; empty: not known. */
  readonly address: string;
}

/** Whose password is to be compared: undefined for an e-mail that nobody has. */
type Claimed = Pick<Person, "sub" | "passwordHash"> | undefined;

/**
 * Before the password is hashed: who it is, and whether he may try at all. Records nothing.
 *
 * Refuses with `RATE_LIMITED`.
 */
export function startSignIn({ email, attempt }: PasswordSignIn): Operation<Claimed> {
  return {
    needs: [{ table: people, lookup: "email", by: [email] }, ...needsAttempts(attempt)],
    weight: { rows: 0, bytes: 0 },
    apply(view) {
      return nothingRecorded(() => {
        refuseTooMany(view, attempt);
        return view.all(people, "email", email).find((person) => isGood(person, view.now));
      });
    },
  };
}

/**
 * After it: decides by what is recorded now, so that many attempts at once are no more than the limit; one event.
 *
 * @param proven whose password it was, and with which hash; undefined: nobody's
 *
 * Refuses with `UNAUTHENTICATED`, whatever is wrong, and with `RATE_LIMITED`.
 */
export function finishSignIn({ email, attempt, address }: PasswordSignIn, proven: Claimed): Operation<Person> {
  return {
    needs: [
      { table: people, lookup: "email", by: [email] },
      ...(proven === undefined ? [] : [{ table: people, key: [proven.sub] }]),
      ...needsAttempts(attempt),
    ],
    weight: { rows: 1, bytes: 0 },
    apply(view): Decision<Person> {
      try {
        refuseTooMany(view, attempt);
      } catch (error) {
        return { outcome: { kind: "refused", error: error as VaultError }, changes: [], drafts: [] };
      }
      const person = view.all(people, "email", email).find((each) => isGood(each, view.now));
      const isProven =
        person !== undefined && proven?.sub === person.sub && proven.passwordHash === person.passwordHash;
      if (isProven) {
        const changes = [{ kind: "count", table: people, key: [person.sub] }] as const;
        return { outcome: { kind: "done", value: person }, changes, drafts: [signedIn(person, address)] };
      }
      return {
        outcome: { kind: "refused", error: new VaultError("UNAUTHENTICATED", "Invalid credentials") },
        changes: [
          { kind: "append", table: failuresOfAccounts, draft: 0 },
          { kind: "append", table: failuresOfNetworks, draft: 0 },
        ],
        drafts: [failed(person, address, attempt)],
      };
    },
  };
}

/** A new user, by himself. Refuses with `INVALID_ARGUMENT` when the e-mail is taken. */
export function signUp(
  { email, name, passwordHash }: Pick<Person, "email" | "name" | "passwordHash">,
  address: string,
): Operation<Person> {
  return {
    needs: [
      { table: people, lookup: "email", by: [email ?? ""] },
      { table: people, inserts: true },
    ],
    weight: { rows: 1, bytes: 0 },
    apply(view) {
      if (view.all(people, "email", email ?? "").length > 0) {
        const error = new VaultError("INVALID_ARGUMENT", "the e-mail is taken");
        return { outcome: { kind: "refused", error }, changes: [], drafts: [] };
      }
      const sub = `user:${randomUuid()}`;
      const made = newPerson({ sub, email, name, role: "member", createdAt: view.now.iso });
      // Whoever signs up is given a token with that.
      const person: Person = { ...made, passwordHash, uses: 1, lastUsedZeqond: view.now.zeqond };
      const payload = {
        ...{ resource_type: "user", resource_id: idOf(sub), ...addressIn(address), details: { method: "signup" } },
        ...{ purpose: "created", ...changeMarks(people, person) },
      };
      return {
        outcome: { kind: "done", value: person },
        changes: [{ kind: "put", table: people, record: person }],
        drafts: [{ type: "user.create", originId: sub, actorZid: sub, purpose: "user.create", payload }],
      };
    },
  };
}

/** The user who calls, with what is kept of its password. Records nothing. */
export function findCaller({ credential }: Asked): Operation<Person> {
  return {
    needs: needsCaller(credential),
    weight: { rows: 0, bytes: 0 },
    apply: (view) =>
      nothingRecorded(() => {
        const caller = callerOf(view, credential);
        requireUser(caller);
        return caller.person;
      }),
  };
}

/**
 * Gives the calling user another password, and ends all tokens that it has; its keys stay.
 *
 * @param from the hash that the current password was compared with
 */
export function changePassword(asked: Asked, from: string, to: string): Operation<void> {
  const { sub } = asked.credential;
  return callOperation({
    asked,
    action: "auth.password_change",
    subject: { type: "user", id: idOf(sub), originId: sub, details: {} },
    needs: [{ table: people, key: [sub], changes: true }],
    decide(view, { person }) {
      if (person.passwordHash !== from) {
        throw new VaultError("PRECONDITION_FAILED", "the password was changed meanwhile");
      }
      requireAsRecorded(view, people, sub);
      const { version, tokenEpoch } = person;
      const record: Person = { ...person, version: version + 1, passwordHash: to, tokenEpoch: tokenEpoch + 1 };
      return {
        value: undefined,
        changes: [{ kind: "put", table: people, record }],
        changed: { table: people, record, isNew: false },
      };
    },
  });
}

/** The same password, hashed anew since the parameters were raised; unless it was changed meanwhile. */
export function rehashPassword({ sub, passwordHash: from }: Person, passwordHash: string): Operation<void> {
  return {
    needs: [{ table: people, key: [sub], changes: true }],
    weight: { rows: 1, bytes: 0 },
    apply(view) {
      const done = { kind: "done", value: undefined } as const;
      const person = view.get(people, sub);
      if (person === undefined || person.passwordHash !== from || !view.isAsRecorded(people, sub)) {
        return { outcome: done, changes: [], drafts: [] };
      }
      const record: Person = { ...person, version: person.version + 1, passwordHash };
      return {
        outcome: done,
        changes: [{ kind: "put", table: people, record }],
        drafts: [operatorDraft("user.update", sub, { changed: { table: people, record, isNew: false } })],
      };
    },
  };
}

/** What a user says of itself. Undefined: as it was. */
interface ProfileChanges {
  readonly name: string | undefined;
  readonly marketingEmails: number | undefined;
}

export function updateProfile(asked: Asked, { name, marketingEmails }: ProfileChanges): Operation<Person> {
  const { sub } = asked.credential;
  return callOperation({
    asked,
    action: "user.update",
    subject: { type: "user", id: idOf(sub), originId: sub, details: {} },
    needs: [{ table: people, key: [sub], changes: true }],
    decide(view, caller) {
      requireUser(caller);
      const { person } = caller;
      requireAsRecorded(view, people, sub);
      const record: Person = {
        ...person,
        version: person.version + 1,
        ...(name === undefined ? {} : { name }),
        ...(marketingEmails === undefined ? {} : { marketingEmails }),
      };
      return {
        value: record,
        changes: [{ kind: "put", table: people, record }],
        changed: { table: people, record, isNew: false },
      };
    },
  });
}

function signedIn({ sub }: Person, address: string): AuditDraft {
  const payload = { ...ofUser(sub), ...addressIn(address), details: { method: "password" } };
  return { type: "auth.success", originId: sub, actorZid: sub, purpose: "auth.success", payload };
}

/** Of an e-mail that nobody has, the event says nothing but its fingerprint. */
function failed(person: Person | undefined, address: string, attempt: Attempt): AuditDraft {
  const about = person === undefined ? { resource_type: "org", resource_id: "main" } : ofUser(person.sub);
  return {
    type: "auth.failure",
    originId: person?.sub ?? "org:main",
    actorZid: "system:anonymous",
    purpose: "auth.failure",
    payload: { ...about, ...addressIn(address), details: { method: "password" }, attempt },
  };
}

function ofUser(sub: string) {
  return { resource_type: "user", resource_id: idOf(sub) };
}

function idOf(sub: string): string {
  return sub.slice(sub.indexOf(":") + 1);
}
