import type { Call } from "./calls.ts";
import type { Fate } from "./journal.ts";

/** One connection of one client to one server. */
export interface Wire {
  /** `connect`, `grpc-js` or `json`. */
  readonly name: string;
  /** Whether it can carry reads. */
  readonly reads: boolean;
  /** Resolves with the fate of each of the call's names, in their order. Never rejects. */
  send(call: Call, token: string): Promise<readonly Fate[]>;
  close(): void;
}

/** No call may hang: beyond this it counts as wrong. */
export const deadlineMs = 30_000;

/** What an error says, wherever it was found. */
export interface Refusal {
  /** `reason` of `google.rpc.ErrorInfo`, or what stands for it; undefined when the server has not said it. */
  readonly reason: string | undefined;
  readonly message: string;
  readonly receipt: string | undefined;
  readonly isDeadline: boolean;
  /** Nobody listened. */
  readonly isUnsent: boolean;
  /** The server's own word for a bug. */
  readonly isBug: boolean;
}

const refusals: ReadonlySet<string> = new Set(["DENIED", "RATE_LIMITED", "NOT_FOUND"]);
const unavailable: ReadonlySet<string> = new Set(["STORE_UNAVAILABLE", "OVERLOADED"]);

export function fateOfRefusal({ reason, message, receipt, isDeadline, isUnsent, isBug }: Refusal): Fate {
  if (isDeadline) {
    return { kind: "wrong", why: `no answer within ${deadlineMs} ms` };
  }
  if (isBug) {
    return { kind: "wrong", why: `the server answered: ${message}` };
  }
  if (isUnsent) {
    return { kind: "not_sent" };
  }
  if (reason === undefined) {
    return { kind: "in_flight" };
  }
  if (refusals.has(reason)) {
    return { kind: "refused", reason, receipt };
  }
  if (unavailable.has(reason)) {
    return { kind: "unavailable", mayBeRecorded: message.includes("may have been recorded") };
  }
  return { kind: "wrong", why: `the server refused with ${reason}: ${message}` };
}
