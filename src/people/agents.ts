import type { KeyRecord } from "../auth/index.ts";
import { randomUuid, VaultError } from "../base/index.ts";
import type { Need, Operation, View } from "../ledger/index.ts";
import type { Caller } from "./caller.ts";
import { type Asked, callOperation, type Done, requireAsRecorded, requireUser, type Subject } from "./events.ts";
import { isLimited, scopesWithin } from "./scopes.ts";
import { maxOfRole, type Person, people, unused } from "./tables.ts";

/** What is said of an agent by those who manage it. */
type AgentSettings = Pick<
  Person,
  "name" | "description" | "scopes" | "vaultIds" | "tokenTtlSeconds" | "expiresAtMs" | "keyExpiresAtMs"
>;

/** What may change. Undefined: as it was. */
export type AgentChanges = {
  readonly [F in keyof AgentSettings | "isActive"]?: Person[F] | undefined;
};

const activeAgents: Need = { table: people, lookup: "role", by: ["agent", 1] };
const inactiveAgents: Need = { table: people, lookup: "role", by: ["agent", 0] };

/** Of agents that are deactivated, there may be any number. @throws VaultError `LIMIT_EXCEEDED` */
function requireRoom(view: View): void {
  if (view.all(people, "role", "agent", 1).length >= maxOfRole) {
    throw new VaultError("LIMIT_EXCEEDED", `${maxOfRole} agents may be active`);
  }
}

const all: Subject = { type: "agent", id: "main", originId: "agent:*", details: {} };

function subjectOf(id: string): Subject {
  return { type: "agent", id, originId: `agent:${id}`, details: {} };
}

/** Makes an agent, by a user. `key` is what is kept of its key. */
export function createAgent(asked: Asked, settings: AgentSettings, key: KeyRecord): Operation<Person> {
  return callOperation({
    asked,
    action: "agent.register",
    subject: all,
    needs: [activeAgents],
    bytes: settings.description.length,
    decide(view, caller) {
      requireUser(caller);
      requireRoom(view);
      const id = randomUuid();
      const record: Person = {
        ...{ sub: `agent:${id}`, version: 1, email: null, zid: null, role: "agent", isActive: 1 },
        ...settings,
        scopes: scopesWithin(caller.scopes, settings.scopes),
        ...{ keyPrefix: key.prefix, keyHash: key.hash, createdBy: caller.sub, createdAt: view.now.iso },
        ...{ passwordHash: null, tokenEpoch: 0, marketingEmails: 0, ...unused },
      };
      return {
        value: record,
        changes: [{ kind: "put", table: people, record }],
        changed: { table: people, record, isNew: true },
        resourceId: id,
        originId: record.sub,
        details: { name: record.name },
      };
    },
  });
}

/**
 * The agents that the caller may see, in the order in which they were made: of users all that are active, and as many of the
 * deactivated ones as are loaded at once, the last ones; of an agent itself.
 */
export function listAgents(asked: Asked): Operation<readonly Person[]> {
  return callOperation({
    asked,
    action: "agent.list",
    subject: all,
    needs: [activeAgents, inactiveAgents],
    decide(view, caller) {
      if (caller.type === "agent") {
        return { value: [caller.person] };
      }
      const agents = [...view.all(people, "role", "agent", 1), ...view.all(people, "role", "agent", 0)];
      return { value: agents.sort(inOrder) };
    },
  });
}

function inOrder(one: Person, other: Person): number {
  const [a, b] = [one.createdAt + one.sub, other.createdAt + other.sub];
  return a < b ? -1 : Number(a > b);
}

export function readAgent(asked: Asked, id: string): Operation<Person> {
  const sub = `agent:${id}`;
  return callOperation({
    asked,
    action: "agent.read",
    subject: subjectOf(id),
    needs: [{ table: people, key: [sub] }],
    decide(view, caller) {
      if (caller.type === "agent" && caller.sub !== sub) {
        throw notPermitted();
      }
      return { value: findAgent(view, id) };
    },
  });
}

/** The agent that calls. */
export function readOwnAgent(asked: Asked): Operation<Person> {
  const { sub } = asked.credential;
  return callOperation({
    asked,
    action: "agent.read",
    subject: { ...all, id: sub.slice(sub.indexOf(":") + 1), originId: sub },
    needs: [],
    decide(_view, caller) {
      if (caller.type !== "agent") {
        throw notPermitted();
      }
      return { value: caller.person };
    },
  });
}

export function updateAgent(asked: Asked, id: string, changes: AgentChanges): Operation<Person> {
  return callOperation({
    asked,
    action: "agent.update",
    subject: subjectOf(id),
    needs: [{ table: people, key: [`agent:${id}`], changes: true }, ...(changes.isActive === 1 ? [activeAgents] : [])],
    bytes: changes.description?.length ?? 0,
    decide(view, caller) {
      const before = findManaged(view, caller, id);
      requireUnlimited(caller);
      if (changes.isActive === 1 && before.isActive === 0) {
        requireRoom(view);
      }
      const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
      return changedTo(view, before, given);
    },
  });
}

/** Gives an agent another key: what it was given before is dead at once, and so are the tokens that were made from that. */
export function rotateAgentKey(asked: Asked, id: string, key: KeyRecord): Operation<Person> {
  return callOperation({
    asked,
    action: "agent.rotate_key",
    subject: subjectOf(id),
    needs: [{ table: people, key: [`agent:${id}`], changes: true }],
    decide(view, caller) {
      const before = findManaged(view, caller, id);
      requireUnlimited(caller);
      return changedTo(view, before, { keyPrefix: key.prefix, keyHash: key.hash });
    },
  });
}

/** Deactivates an agent; a second time changes nothing. */
export function deactivateAgent(asked: Asked, id: string): Operation<Person> {
  return callOperation({
    asked,
    action: "agent.deactivate",
    subject: subjectOf(id),
    needs: [{ table: people, key: [`agent:${id}`], changes: true }],
    decide(view, caller) {
      const before = findManaged(view, caller, id);
      return before.isActive === 0 ? { value: before } : changedTo(view, before, { isActive: 0 });
    },
  });
}

function changedTo(view: View, before: Person, given: Partial<Person>): Done<Person> {
  requireAsRecorded(view, people, before.sub);
  // What an agent had when it was deactivated stays dead when it is active again.
  const tokenEpoch = before.tokenEpoch + (given.isActive === 0 ? 1 : 0);
  const record: Person = { ...before, ...given, tokenEpoch, version: before.version + 1 };
  return {
    value: record,
    changes: [{ kind: "put", table: people, record }],
    changed: { table: people, record, isNew: false },
  };
}

function findAgent(view: View, id: string): Person {
  const agent = view.get(people, `agent:${id}`);
  if (agent === undefined) {
    throw new VaultError("NOT_FOUND", "Agent not found");
  }
  return agent;
}

/** Agents manage nobody; a member manages what it made (contract 1claw.md, section 16, D11). */
function findManaged(view: View, caller: Caller, id: string): Person {
  requireUser(caller);
  const agent = findAgent(view, id);
  const managesAll = caller.role === "owner" || caller.role === "admin";
  if (!managesAll && agent.createdBy !== caller.sub) {
    throw notPermitted();
  }
  return agent;
}

/** A key with scopes would reach further by a key or the scopes of an agent. */
function requireUnlimited({ scopes }: Caller): void {
  if (isLimited(scopes)) {
    throw new VaultError("FORBIDDEN", "Token scopes do not cover this agent");
  }
}

function notPermitted(): VaultError {
  return new VaultError("FORBIDDEN", "Insufficient permissions");
}
