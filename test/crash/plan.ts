import type { Call, CallKind } from "./calls.ts";

/** The names that all clients work on: so few that they meet all the time. */
export const names: readonly string[] = Array.from({ length: 40 }, (_, index) => `crash/n${index}`);

/** Permitted by every set that names permissions, and never revoked. */
const members = ["MEMBER-0", "MEMBER-1", "MEMBER-2", "MEMBER-3"];

/** What of a hundred calls is what; the rest are reads. */
const shares: readonly (readonly [CallKind, number])[] = [
  ["set", 18],
  ["probe", 12],
  ["grant", 6],
  ["revoke", 5],
  ["rotate", 6],
  ["delete", 3],
  ["info", 4],
  ["batch", 4],
];

/** Chooses the calls of one client. */
export interface Plan {
  next(label: string): Call;
}

/**
 * Calls that meet each other: grants and revokes of ZIDs that also read, strangers who are denied until they are
 * limited, secrets that vanish and come back, secrets whose rotation is overdue.
 */
export function createPlan(reads: boolean): Plan {
  const granted: { readonly zid: string; readonly name: string }[] = [];
  const reader = (label: string): string => {
    const dice = Math.random();
    if (dice < 0.55) {
      return "ZEQ-SYS";
    }
    if (dice < 0.85) {
      return pick(members);
    }
    if (dice < 0.93) {
      return pick(granted)?.zid ?? label;
    }
    return dice < 0.97 ? label : `STRANGER-${Math.floor(Math.random() * 40)}`;
  };
  return {
    next(label) {
      const kind = chooseKind(reads);
      const name = pick(names);
      switch (kind) {
        case "set":
          return { label, kind, names: [name], zid: "", set: chooseFields() };
        case "grant":
          granted.push({ zid: label, name });
          return { label, kind, names: [name], zid: label };
        case "revoke": {
          const grant = granted.length > 3 ? granted.shift() : undefined;
          return { label, kind, names: [grant?.name ?? name], zid: grant?.zid ?? label };
        }
        case "batch":
          return { label, kind, names: chooseNames(), zid: reader(label) };
        case "read":
        case "probe":
          return { label, kind, names: [name], zid: reader(label) };
        default:
          return { label, kind, names: [name], zid: "" };
      }
    },
  };
}

function chooseKind(reads: boolean): CallKind {
  let dice = Math.random() * 100;
  for (const [kind, share] of shares) {
    if (dice < share) {
      return kind === "batch" && !reads ? "probe" : kind;
    }
    dice -= share;
  }
  return reads ? "read" : "probe";
}

function chooseFields() {
  const dice = Math.random();
  // What a set does not name must stay as it was.
  if (dice < 0.5) {
    return {};
  }
  const overdue = dice > 0.95 ? { expiresZeqond: 1 } : {};
  return { boundZid: pick([...members, "ZEQ-SYS"]), permissions: members, ...overdue };
}

function chooseNames(): readonly string[] {
  return [...new Set(Array.from({ length: 8 }, () => pick(names)))];
}

function pick<T>(list: readonly [T, ...T[]] | readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T;
}
