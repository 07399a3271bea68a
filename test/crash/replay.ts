import type { LogRow } from "./database-view.ts";

/** A secret as the log alone says that it is. */
export interface LoggedSecret {
  /** The label of the set that gave it its value. */
  valueLabel: string;
  boundZid: string;
  permissions: readonly string[];
  version: number;
  expiresZeqond: number;
  readCount: number;
  lastReadZeqond: number | null;
}

/** What a row says, read out of its payload. */
export interface LoggedEvent {
  readonly seq: number;
  readonly zeqond: number;
  readonly type: string;
  readonly actor: string;
  readonly name: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

const windowZeqonds = 60;
const maxDenials = 5;
const systemZid = "ZEQ-SYS";

export function eventOf(row: LogRow): LoggedEvent {
  const payload: unknown = JSON.parse(row.payload_json);
  return {
    seq: Number(row.seq),
    zeqond: Number(row.zeqond_number),
    type: row.transition_type,
    actor: row.actor_zid,
    name: row.origin_id.slice("zsc:".length),
    payload: typeof payload === "object" && payload !== null ? { ...payload } : {},
  };
}

/**
 * Walks the log and builds from it, by rules written down a second time here, what the vault must hold. Says so when a
 * row cannot follow those before it: a read by someone who was not permitted at that moment, a version left out.
 */
export class Replay {
  readonly secrets = new Map<string, LoggedSecret>();
  readonly #denials = new Map<string, number[]>();

  /** Takes the next row; returns what is wrong with it, if anything. `isProbe`: its call was a probe. */
  next(event: LoggedEvent, isProbe: boolean): string | undefined {
    switch (event.type) {
      case "secret_set":
        return this.#set(event);
      case "secret_rotated":
        return this.#rotated(event);
      case "secret_deleted":
        return this.secrets.delete(event.name) ? undefined : "it deletes what is not there";
      case "secret_read":
      case "secret_denied":
        return this.#passed(event, isProbe);
      default:
        return undefined;
    }
  }

  #set(event: LoggedEvent): string | undefined {
    const { payload, name } = event;
    const before = this.secrets.get(name);
    if (payload["version"] !== (before?.version ?? 0) + 1) {
      return `its version does not follow ${before?.version}`;
    }
    const purpose = payload["purpose"];
    const permissions = stringsOf(payload["permissions"]);
    if (purpose === "granted" || purpose === "revoked") {
      if (before === undefined) {
        return "it changes the permissions of what is not there";
      }
      const expected = changed(before.permissions, payload);
      Object.assign(before, { permissions, version: before.version + 1 });
      return sameList(permissions, expected) ? undefined : "its permissions do not follow from those before";
    }
    if (purpose !== (before === undefined ? "created" : "updated")) {
      return `it says ${purpose}`;
    }
    this.secrets.set(name, {
      valueLabel: String(payload["purpose_tag"]),
      boundZid: String(payload["bound_zid"]),
      permissions,
      version: (before?.version ?? 0) + 1,
      expiresZeqond: Number(payload["expires_zeqond"]),
      readCount: before?.readCount ?? 0,
      lastReadZeqond: before?.lastReadZeqond ?? null,
    });
    return undefined;
  }

  #rotated({ name, payload, zeqond }: LoggedEvent): string | undefined {
    const secret = this.secrets.get(name);
    if (secret === undefined) {
      return "it rotates what is not there";
    }
    if (payload["version"] !== secret.version + 1) {
      return `its version does not follow ${secret.version}`;
    }
    const wasDue = secret.expiresZeqond <= zeqond;
    Object.assign(secret, { version: secret.version + 1, expiresZeqond: zeqond + 86_400 });
    return payload["purpose"] === "auto_rotated" && !wasDue ? "the daemon rotated what was not due" : undefined;
  }

  /** A read or probe that passed the gate or did not, or a management call of what is not there. */
  #passed({ type, actor, name, payload, zeqond }: LoggedEvent, isProbe: boolean): string | undefined {
    const secret = this.secrets.get(name);
    if (["rotate", "grant", "revoke", "delete"].includes(String(payload["purpose"]))) {
      return secret === undefined && payload["reason"] === "not_found" ? undefined : "it refuses what could be done";
    }
    const expected = this.#gate(secret, actor, zeqond);
    const said = type === "secret_read" ? "granted" : payload["reason"];
    if (said === "denied") {
      this.#denials.set(actor, [...(this.#denials.get(actor) ?? []), zeqond]);
    }
    if (said === "granted" && secret !== undefined && !isProbe) {
      Object.assign(secret, { readCount: secret.readCount + 1, lastReadZeqond: zeqond });
    }
    return said === expected ? undefined : `it says ${said}, and the rows before it say ${expected}`;
  }

  #gate(secret: LoggedSecret | undefined, zid: string, zeqond: number): string {
    const counting = (this.#denials.get(zid) ?? []).filter(
      (denial) => denial <= zeqond && zeqond - denial < windowZeqonds,
    );
    if (counting.length >= maxDenials) {
      return "rate_limited";
    }
    if (secret === undefined) {
      return "not_found";
    }
    const may = zid === systemZid || zid === secret.boundZid || secret.permissions.includes(zid);
    return may ? "granted" : "denied";
  }
}

function changed(before: readonly string[], payload: LoggedEvent["payload"]): readonly string[] {
  const { granted_zid: granted, revoked_zid: revoked } = payload;
  if (typeof granted === "string") {
    return before.includes(granted) ? before : [...before, granted];
  }
  return before.filter((zid) => zid !== revoked);
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

export function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((entry, index) => entry === other[index]);
}
