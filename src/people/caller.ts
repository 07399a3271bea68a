import { timingSafeEqual } from "node:crypto";
import { type Credential, type Moment, VaultError } from "../base/index.ts";
import type { Change, Need, Operation, View } from "../ledger/index.ts";
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
  /** What it came with: the agent itself, or the key of a user; undefined for a user without one. */
  readonly used:
    | { readonly table: typeof people | typeof apiKeys; readonly key: string; readonly record: Person | ApiKey }
    | undefined;
}

/** What was used is marked at most once a minute. */
const markEveryZeqonds = 78;

/** Marks that a caller was here. */
export function markUse(view: View, { used }: Caller): readonly Change[] {
  if (used === undefined) {
    return [];
  }
  const { table, key, record } = used;
  const { lastUsedZeqond } = record;
  const isDue = lastUsedZeqond === null || Math.abs(view.now.zeqond - lastUsedZeqond) >= markEveryZeqonds;
  return isDue ? [{ kind: "count", table, key: [key] }] : [];
}

/** The needs of the calls that came with a credential: the same ones are collected once for all calls of a batch. */
const needsOfCredentials = new WeakMap<Credential, readonly Need[]>();

/** The records that tell who calls. The key of an agent is in the agent's own. */
export function needsCaller(credential: Credential): readonly Need[] {
  let needs = needsOfCredentials.get(credential);
  if (needs === undefined) {
    const { sub, jti, keyId } = credential;
    needs = [
      { table: people, key: [sub] },
      ...(jti === null ? [] : [{ table: revokedTokens, lookup: "jti", by: [jti] }]),
      ...(keyId === null || isAgent(sub) ? [] : [{ table: apiKeys, key: [keyId] }]),
    ];
    needsOfCredentials.set(credential, needs);
  }
  return needs;
}

/** Who calls, as a batch has decided it before: it holds until one of its records changes. */
interface Decided {
  readonly revision: number;
  readonly callers: Map<Credential, Caller>;
}

const decided = new WeakMap<View, Decided>();

function decidedIn(view: View): Map<Credential, Caller> {
  const known = decided.get(view);
  if (known?.revision === view.revision) {
    return known.callers;
  }
  const callers = new Map<Credential, Caller>();
  decided.set(view, { revision: view.revision, callers });
  return callers;
}

/**
 * Who calls. A token counts only as long as the key that it was made from, and a key only as long as its person. While no
 * record of the batch has changed, it is the same object for the same credential.
 *
 * @throws VaultError `UNAUTHENTICATED`
 */
export function callerOf(view: View, credential: Credential): Caller {
  const callers = decidedIn(view);
  let caller = callers.get(credential);
  if (caller === undefined) {
    caller = decideCaller(view, credential);
    callers.set(credential, caller);
  }
  return caller;
}

function decideCaller(view: View, credential: Credential): Caller {
  const { sub, jti } = credential;
  if (jti !== null && view.all(revokedTokens, "jti", jti).length > 0) {
    throw unknownCaller();
  }
  return isAgent(sub) ? callingAgent(view, credential) : callingUser(view, credential);
}

function callingUser(view: View, { sub, jti, keyId, epoch }: Credential): Caller {
  const key = keyId === null ? undefined : view.get(apiKeys, keyId);
  if (keyId !== null && (key === undefined || key.sub !== sub || !isGood(key, view.now))) {
    throw unknownCaller();
  }
  const person = view.get(people, sub);
  const isOfNow = jti === null || epoch === person?.tokenEpoch;
  if (person === undefined || !isGood(person, view.now) || !isOfNow) {
    throw unknownCaller();
  }
  const { role, vaultIds } = person;
  const used = key && { table: apiKeys, key: key.id, record: key };
  const { scopes } = key ?? person;
  return { sub, type: "user", id: sub.slice("user:".length), role, scopes, vaultIds, person, used };
}

/** Its `keyId` is the prefix of the key that the token was made from. */
function callingAgent(view: View, { sub, keyId, epoch }: Credential): Caller {
  const person = view.get(people, sub);
  const isOfNow = person !== undefined && person.keyPrefix === keyId && person.tokenEpoch === epoch;
  if (!isOfNow || !isGoodAgent(person, view.now)) {
    throw unknownCaller();
  }
  const { role, scopes, vaultIds } = person;
  const used = { table: people, key: sub, record: person };
  return { sub, type: "agent", id: sub.slice("agent:".length), role, scopes, vaultIds, person, used };
}

/** Whether an agent is active, and neither it nor its key has expired. */
export function isGoodAgent(agent: Person, now: Moment): boolean {
  return isGood(agent, now) && isGood({ isActive: 1, expiresAtMs: agent.keyExpiresAtMs }, now);
}

function isAgent(sub: string): boolean {
  return sub.startsWith("agent:");
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
      const key = view.all(apiKeys, "prefix", prefix).find((each) => isSameHash(each.hash, hash));
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

export function isGood({ isActive, expiresAtMs }: Pick<Person, "isActive" | "expiresAtMs">, now: Moment): boolean {
  return isActive === 1 && (expiresAtMs === null || now.unixMs < expiresAtMs);
}

/** Compares in constant time. */
export function isSameHash(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && timingSafeEqual(one, other);
}
