import type { KeyRecord } from "../auth/index.ts";
import { VaultError } from "../base/index.ts";
import type { AuditDraft, Operation } from "../ledger/index.ts";
import { isGoodAgent, isSameHash } from "./caller.ts";
import { type Person, people } from "./tables.ts";

/**
 * An agent's key is exchanged for a token; one event, also when it is refused. `agentId`: whose key it has to be; undefined:
 * anybody's.
 *
 * Refuses with `UNAUTHENTICATED`, whatever is wrong.
 */
export function exchangeAgentKey({ prefix, hash }: KeyRecord, agentId: string | undefined): Operation<Person> {
  return {
    needs: [{ table: people, lookup: "key", by: [prefix] }],
    weight: { rows: 1, bytes: 0 },
    apply(view) {
      const agent = view
        .all(people, "key", prefix)
        .find(({ keyHash }) => keyHash !== null && isSameHash(keyHash, hash));
      const isMeant = agent !== undefined && (agentId === undefined || agent.sub === `agent:${agentId}`);
      const isGood = isMeant && isGoodAgent(agent, view.now);
      return {
        outcome: isGood ? { kind: "done", value: agent } : refused(),
        changes: [],
        drafts: [draftOf(agent, isGood)],
      };
    },
  };
}

/** What was presented is no key at all: it is refused, with the event of a key that nobody has. */
export function refuseSignIn(method: "api_key" | "agent_key"): Operation<never> {
  return {
    needs: [],
    weight: { rows: 1, bytes: 0 },
    apply: () => ({ outcome: refused(), changes: [], drafts: [draftOf(undefined, false, method)] }),
  };
}

function refused() {
  return { kind: "refused", error: new VaultError("UNAUTHENTICATED", "Invalid credentials") } as const;
}

/** @param agent whose key it is; undefined: nobody's */
function draftOf(agent: Person | undefined, isGood: boolean, method = "agent_key"): AuditDraft {
  const type = isGood ? "auth.success" : "auth.failure";
  return {
    type,
    originId: agent?.sub ?? "org:main",
    actorZid: isGood && agent !== undefined ? agent.sub : "system:anonymous",
    purpose: type,
    payload: {
      resource_type: agent === undefined ? "org" : "agent",
      resource_id: agent?.sub.slice("agent:".length) ?? "main",
      details: { method },
    },
  };
}
