import { type Credential, VaultError, type VaultErrorCode } from "../base/index.ts";
import type { AnyTable, AuditDraft, Change, Decision, Need, Operation, View } from "../ledger/index.ts";
import { changeMarks } from "../ledger/index.ts";
import { type Caller, callerOf, markUse, needsCaller } from "./caller.ts";

/** What an event is about (contract 1claw.md, section 16, D8). */
type ResourceType = "secret" | "vault" | "policy" | "agent" | "api_key" | "user" | "org" | "audit";

/** Who asks, and from where. */
export interface Asked {
  readonly credential: Credential;
  /** The client's address; empty: not known. */
  readonly address: string;
}

/** What a call is about before anything was looked up: it also tells what a refusal was about. */
export interface Subject {
  readonly type: ResourceType;
  /** Of the refusal, and of the event unless that says otherwise. */
  readonly id: string;
  readonly originId: string;
  readonly details: Readonly<Record<string, unknown>>;
}

interface Changed {
  readonly table: AnyTable;
  readonly record: object;
  readonly isNew: boolean;
}

/** The outcome of a call that is not refused. */
export interface Done<T> {
  readonly value: T;
  readonly changes?: readonly Change[];
  /** The record whose change this event records: its marks end the payload. */
  readonly changed?: Changed;
  /** A change of another record beside it, as an event of its own. */
  readonly also?: { readonly action: string; readonly subject: Subject; readonly changed: Changed };
  readonly resourceId?: string;
  readonly originId?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** The request had an idempotency key: what it came to. */
  readonly keyed?: { readonly id: string; readonly fingerprint: string; readonly number: number };
  /** What an older version is kept as. */
  readonly superseded?: { readonly number: number; readonly digest: string };
}

interface Call<T> {
  readonly asked: Asked;
  readonly action: string;
  readonly subject: Subject;
  readonly needs: readonly Need[];
  /** Size of its input. */
  readonly bytes?: number;
  /** @throws VaultError to refuse; the refusal is recorded. */
  decide(view: View, caller: Caller): Done<T>;
  discard?(value: T): void;
}

/** An operation of `/v1`: who calls is decided first, and leaves no event when it is nobody; everything else is one event. */
export function callOperation<T>({ asked, action, subject, needs, bytes = 0, decide, discard }: Call<T>): Operation<T> {
  return {
    needs: [...needsCaller(asked.credential), ...needs],
    weight: { rows: 1, bytes },
    apply(view): Decision<T> {
      let caller: Caller;
      try {
        caller = callerOf(view, asked.credential);
      } catch (error) {
        return refusedBy(error);
      }
      try {
        const done = decide(view, caller);
        const { also } = done;
        const others = also === undefined ? [] : [draftOf(also.action, asked, also.subject, also)];
        return {
          outcome: { kind: "done", value: done.value },
          changes: [...(done.changes ?? []), ...markUse(view, caller)],
          drafts: [...others, draftOf(action, asked, subject, done)],
        };
      } catch (error) {
        const refusal = refusalIn(error);
        const details = { ...subject.details, action, status: statuses[refusal.code] };
        const denied = { details };
        return {
          outcome: { kind: "refused", error: refusal },
          changes: markUse(view, caller),
          drafts: [draftOf(`${subject.type}.denied`, asked, subject, denied)],
        };
      }
    },
    ...(discard === undefined ? {} : { discard }),
  };
}

/** What is decided without an event. */
export function nothingRecorded<T>(decide: () => T): Decision<T> {
  try {
    return { outcome: { kind: "done", value: decide() }, changes: [], drafts: [] };
  } catch (error) {
    return refusedBy(error);
  }
}

/** A refusal without an event. Throws on whatever is none. */
export function refusedBy(error: unknown): Decision<never> {
  return { outcome: { kind: "refused", error: refusalIn(error) }, changes: [], drafts: [] };
}

function refusalIn(error: unknown): VaultError {
  if (error instanceof VaultError) {
    return error;
  }
  throw error;
}

/** The HTTP statuses that events name. */
const statuses: Partial<Readonly<Record<VaultErrorCode, number>>> = {
  FORBIDDEN: 403,
  LIMIT_EXCEEDED: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  GONE: 410,
  PRECONDITION_FAILED: 412,
  UNPROCESSABLE: 422,
  SEAL_BROKEN: 500,
};

function draftOf(action: string, asked: Asked, subject: Subject, done: Omit<Done<unknown>, "value">): AuditDraft {
  const { changed, superseded, keyed, resourceId = subject.id, originId = subject.originId } = done;
  const payload = {
    resource_type: subject.type,
    resource_id: resourceId,
    ...addressIn(asked.address),
    details: done.details ?? subject.details,
    ...(keyed === undefined ? {} : { keyed }),
    ...(superseded === undefined ? {} : { superseded }),
    ...(changed === undefined ? {} : changeIn(changed)),
  };
  return { type: action, originId, actorZid: asked.credential.sub, purpose: action, payload };
}

/** The client's address, as events have it; empty: not known. */
export function addressIn(address: string) {
  return address === "" ? {} : { ip_address: address };
}

/** What an event of the operator says beside its type and origin. */
interface Told {
  /** Of the resource, where it is not in the origin. */
  readonly id?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly changed?: Changed;
}

/** An event of the operator, who has no address and no token. */
export function operatorDraft(action: string, originId: string, { id, details = {}, changed }: Told): AuditDraft {
  const at = originId.indexOf(":");
  const payload = {
    ...{ resource_type: originId.slice(0, at), resource_id: id ?? originId.slice(at + 1), details },
    ...(changed === undefined ? {} : changeIn(changed)),
  };
  return { type: action, originId, actorZid: "system:operator", purpose: action, payload };
}

/** How a payload ends that records a change. */
function changeIn({ table, record, isNew }: Changed) {
  return { purpose: isNew ? "created" : "updated", ...changeMarks(table, record) };
}

/**
 * Refuses to change a record that is not what the log says: a row that was put back by hand would become right by that.
 *
 * @throws VaultError `SEAL_BROKEN`
 */
export function requireAsRecorded(view: View, table: AnyTable, ...key: readonly string[]): void {
  if (!view.isAsRecorded(table, ...key)) {
    throw new VaultError("SEAL_BROKEN", "the record is not what the audit log says so it cannot be changed");
  }
}

/** @throws VaultError `FORBIDDEN` for an agent */
export function requireUser({ type }: { readonly type: string }): void {
  if (type !== "user") {
    throw new VaultError("FORBIDDEN", "Insufficient permissions");
  }
}
