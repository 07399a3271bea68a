import type { KeyRecord } from "../auth/index.ts";
import { VaultError } from "../base/index.ts";
import type { AuditDraft, Operation } from "../ledger/index.ts";
import { findApiKey, isGood, isGoodAgent, isSameHash } from "./caller.ts";
import { addressIn } from "./events.ts";
import { type ApiKey, type Person, people } from "./tables.ts";

/** A key that was exchanged, and the user whose it is. */
export interface ExchangedKey {
  readonly key: ApiKey;
  readonly person: Person;
}

/**
 * A personal key is exchanged for a token; one event, also when it is refused.
 *
 * @param owner whose it was when it was looked for (`findApiKey`); undefined: nobody's
 * @param address the client's; empty: not known
 */
export function exchangeKey(presented: KeyRecord, owner: string | undefined, address: string): Operation<ExchangedKey> {
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
          ...addressIn(address),
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

/**
 * An agent's key is exchanged for a token; one event, also when it is refused. `agentId`: whose key it has to be; undefined:
 * anybody's. `address`: the client's; empty: not known.
 *
 * Refuses with `UNAUTHENTICATED`, whatever is wrong.
 */
export function exchangeAgentKey(
  { prefix, hash }: KeyRecord,
  agentId: string | undefined,
  address: string,
): Operation<Person> {
  return {
    needs: [{ table: people, lookup: "key", by: [prefix] }],
    weight: { rows: 1, bytes: 0 },
    apply(view) {
      const agent = view
        .all(people, "key", prefix)
        .find(({ keyHash }) => keyHash !== null && isSameHash(keyHash, hash));
      const isMeant = agent !== undefined && (agentId === undefined || agent.sub === `agent:${agentId}`);
      const mayEnter = isMeant && isGoodAgent(agent, view.now);
      return {
        outcome: mayEnter ? { kind: "done", value: agent } : refused(),
        changes: [],
        drafts: [draftOf(agent, mayEnter, address)],
      };
    },
  };
}

/** What was presented is no key at all: it is refused, with the event of a key that nobody has. */
export function refuseSignIn(method: "api_key" | "agent_key", address: string): Operation<never> {
  return {
    needs: [],
    weight: { rows: 1, bytes: 0 },
    apply: () => ({ outcome: refused(), changes: [], drafts: [draftOf(undefined, false, address, method)] }),
  };
}

function refused() {
  return { kind: "refused", error: new VaultError("UNAUTHENTICATED", "Invalid credentials") } as const;
}

/** @param agent whose key it is; undefined: nobody's */
function draftOf(agent: Person | undefined, isGood: boolean, address: string, method = "agent_key"): AuditDraft {
  const type = isGood ? "auth.success" : "auth.failure";
  return {
    type,
    originId: agent?.sub ?? "org:main",
    actorZid: isGood && agent !== undefined ? agent.sub : "system:anonymous",
    purpose: type,
    payload: {
      resource_type: agent === undefined ? "org" : "agent",
      resource_id: agent?.sub.slice("agent:".length) ?? "main",
      ...addressIn(address),
      details: { method },
    },
  };
}
