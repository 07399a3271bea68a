import type { AuditRow, FollowingRow } from "../ledger/index.ts";

/** Whose events a caller may see: all, or its own and those of some vaults. */
export type Audience =
  | { readonly kind: "all" }
  | { readonly kind: "own"; readonly sub: string; readonly vaultIds: ReadonlySet<string> };

/** Which events are wanted. What is absent selects all. */
export interface EventFilter {
  /** The id of a resource, a vault or a path. */
  readonly resourceId?: string;
  readonly resourceType?: string;
  /** UUID, or the ZID of a row of ZSC's secrets. */
  readonly actorId?: string;
  readonly action?: string;
  /** Unix milliseconds, inclusive. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** A row of the log as an event (contract 1claw.md, section 10 and D8). */
export interface AuditEvent {
  readonly id: string;
  readonly action: string;
  readonly actorId: string;
  readonly actorType: "user" | "agent" | "system";
  readonly resourceType: string;
  readonly resourceId: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly ipAddress: string | undefined;
  /** As the row has it. */
  readonly createdAt: string;
  readonly prevEventId: string | null;
  readonly integrityHash: string;
}

/** The event of a row, whichever surface wrote it; also of one that somebody altered. */
export function eventOf({ row, beforeId }: FollowingRow): AuditEvent {
  const payload = objectIn(row.payloadJson);
  const isOfVaults = typeof payload["resource_type"] === "string" && typeof payload["resource_id"] === "string";
  const at = row.originId.indexOf(":");
  return {
    id: row.id,
    action: row.transitionType,
    ...actorOf(row.actorZid),
    resourceType: isOfVaults ? String(payload["resource_type"]) : "secret",
    resourceId: isOfVaults ? String(payload["resource_id"]) : row.originId.slice(at + 1),
    details: isOfVaults ? asObject(payload["details"]) : { purpose: row.proofPurpose },
    ipAddress: typeof payload["ip_address"] === "string" ? payload["ip_address"] : undefined,
    createdAt: row.createdAt,
    prevEventId: beforeId,
    integrityHash: row.rowHash,
  };
}

export function isFor(
  audience: Audience,
  { actorZid, originId }: AuditRow,
  { details, resourceId }: AuditEvent,
): boolean {
  if (audience.kind === "all" || actorZid === audience.sub) {
    return true;
  }
  if (audience.vaultIds.size === 0) {
    return false;
  }
  const vaultId = originId.startsWith("vault:")
    ? originId.slice("vault:".length).split("/", 1)[0]
    : details["vault_id"];
  return audience.vaultIds.has(String(vaultId)) || audience.vaultIds.has(resourceId);
}

export function isWanted(filter: EventFilter, event: AuditEvent): boolean {
  const { resourceId, resourceType, actorId, action, fromMs, toMs } = filter;
  const { details } = event;
  // What is no time is shown: whoever altered a row does not hide it by that.
  const createdMs = Date.parse(event.createdAt);
  return (
    !(createdMs < (fromMs ?? Number.NEGATIVE_INFINITY)) &&
    !(createdMs > (toMs ?? Number.POSITIVE_INFINITY)) &&
    (action === undefined || event.action === action) &&
    (actorId === undefined || event.actorId === actorId) &&
    (resourceType === undefined || event.resourceType === resourceType) &&
    (resourceId === undefined || [event.resourceId, details["vault_id"], details["path"]].includes(resourceId))
  );
}

/** The actors of rows whose events have this id. */
export function actorsOf(actorId: string): readonly string[] {
  return [`user:${actorId}`, `agent:${actorId}`, `system:${actorId}`, actorId];
}

function actorOf(actor: string): Pick<AuditEvent, "actorId" | "actorType"> {
  const [, type, id] = /^(user|agent|system):(.+)$/.exec(actor) ?? [];
  if (type !== undefined && id !== undefined) {
    return { actorType: type as AuditEvent["actorType"], actorId: id };
  }
  return { actorType: actor === "ZEQ-SYS" ? "system" : "user", actorId: actor };
}

function objectIn(json: string): Readonly<Record<string, unknown>> {
  try {
    return asObject(JSON.parse(json));
  } catch {
    return {};
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
