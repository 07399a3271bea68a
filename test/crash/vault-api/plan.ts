import { type ApiCall, limitedPaths, paths, type Who } from "./calls.ts";

/** What the clients of a run have heard, right or not any more: so they meet. */
export interface Hints {
  /** Of each path, the number of the newest version that a client was told of. */
  readonly newest: Map<string, number>;
  /** Of policies that were made and that nobody is deleting yet. */
  readonly policies: string[];
}

const policiesKept = 3;
const shares: readonly (readonly [ApiCall["kind"], number])[] = [
  ["put", 34],
  ["getVersion", 8],
  ["disable", 3],
  ["delete", 2],
  ["policyCreate", 4],
];

/** Chooses a call: rival writers, readers of limited secrets, an agent whose policies come and go. */
export function chooseCall(label: string, hints: Hints): ApiCall {
  const kind = chooseKind();
  const path = pick(Math.random() < 0.5 ? paths : limitedPaths);
  const newest = hints.newest.get(path) ?? 1;
  const version = Math.max(1, newest - Math.floor(Math.random() * 3));
  switch (kind) {
    case "put":
      return choosePut(label, path, hints);
    case "getVersion":
      return { label, kind, who: chooseReader(), path, version };
    case "disable":
      return { label, kind, who: chooseWriter(), path, version };
    case "delete":
      return { label, kind, who: chooseWriter(), path };
    case "policyCreate": {
      const policyId = hints.policies.length >= policiesKept ? hints.policies.shift() : undefined;
      return policyId === undefined
        ? { label, kind, who: "owner" }
        : { label, kind: "policyDelete", who: "owner", policyId };
    }
    default: {
      const keyed = Math.random() < 0.15 ? { idempotencyKey: `get-${label}` } : {};
      return { label, kind: "get", who: chooseReader(), path, ...keyed };
    }
  }
}

function choosePut(label: string, path: string, { newest }: Hints): ApiCall {
  const maxReads = path.startsWith("limited/") && Math.random() < 0.9 ? 1 + Math.floor(Math.random() * 5) : undefined;
  const ifMatch = Math.random() < 0.5 ? newest.get(path) : undefined;
  return {
    ...{ label, kind: "put", who: chooseWriter(), path, valueLabel: label },
    ...(maxReads === undefined ? {} : { maxReads }),
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(Math.random() < 0.4 ? { idempotencyKey: `put-${label}` } : {}),
  };
}

function chooseKind(): ApiCall["kind"] {
  let dice = Math.random() * 100;
  for (const [kind, share] of shares) {
    if (dice < share) {
      return kind;
    }
    dice -= share;
  }
  return "get";
}

function chooseReader(): Who {
  return pick(["owner", "worker", "worker", "guest"]);
}

/** The guest may never write. */
function chooseWriter(): Who {
  return pick(["owner", "worker", "worker", "worker", "worker", "worker", "worker", "worker", "guest"]);
}

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T;
}
