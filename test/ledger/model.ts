import type { Command } from "./commands.ts";

/** What the contract says of the vault, with maps and arrays: no database, no sealing, no batches. */

export type Answer = { readonly value: unknown } | { readonly code: string; readonly retryAfterMs?: number };

export interface ModelSecret {
  /** Which creation of which secret this is; a real one has an id. */
  generation: number;
  value: string;
  purposeTag: string | null;
  boundZid: string;
  permissions: readonly string[];
  expiresZeqond: number | null;
  version: number;
  createdAt: string;
  updatedAt: string;
  readCount: number;
  lastReadZeqond: number | null;
}

export interface ModelRow {
  readonly type: string;
  readonly name: string;
  readonly actor: string;
  readonly purpose: string;
  readonly payload: unknown;
  readonly zeqond: number;
  readonly createdAt: string;
}

/** Who manages. */
const admin = "ZEQ-ADMIN";

export class Model {
  readonly secrets = new Map<string, ModelSecret>();
  readonly rows: ModelRow[] = [];
  readonly denials: { zid: string; zeqond: number }[] = [];
  nowMs = 0;
  #generations = 0;

  get zeqond(): number {
    return Math.floor(this.nowMs / 777);
  }

  run(command: Command): Answer {
    switch (command.do) {
      case "set":
        return this.#set(command);
      case "read":
        return this.#read(command);
      case "probe":
        return this.#probe(command);
      case "grant":
      case "revoke":
        return this.#permit(command);
      case "rotate":
        return this.#rotate(command.name, admin, "manual_rotated") ?? { value: undefined };
      case "rotate_if_due": {
        const { expiresZeqond } = this.secrets.get(command.name) ?? { expiresZeqond: null };
        if (expiresZeqond === null || expiresZeqond > this.zeqond) {
          return { value: false };
        }
        return this.#rotate(command.name, "ZEQ-SYS", "auto_rotated") ?? { value: true };
      }
      case "delete":
        return this.#delete(command.name);
      case "info":
        return this.#info(command.name);
      case "list":
        this.#row("admin_list", "*", admin, "list", {});
        return { value: undefined };
      case "audit":
        this.#row("admin_audit", command.name, admin, "audit", { name: command.name, limit: command.limit });
        return { value: undefined };
    }
  }

  #set({ name, value, purposeTag, boundZid, permissions, expiresZeqond }: Command & { do: "set" }): Answer {
    const before = this.secrets.get(name);
    const secret: ModelSecret = {
      ...(before ?? this.#blank()),
      value,
      version: (before?.version ?? 0) + 1,
      updatedAt: this.#iso(),
      expiresZeqond: expiresZeqond === undefined ? this.zeqond + 86_400 : expiresZeqond,
    };
    if (purposeTag !== undefined) {
      secret.purposeTag = purposeTag === "" ? null : purposeTag;
    }
    if (boundZid !== undefined) {
      secret.boundZid = boundZid;
    }
    if (permissions !== undefined) {
      secret.permissions = permissions.filter((zid, at) => permissions.indexOf(zid) === at);
    }
    this.secrets.set(name, secret);
    const payload = {
      name,
      purpose_tag: secret.purposeTag,
      bound_zid: secret.boundZid,
      permissions: secret.permissions,
      expires_zeqond: secret.expiresZeqond,
      purpose: before === undefined ? "created" : "updated",
    };
    this.#row("secret_set", name, admin, "set", { ...payload, version: secret.version });
    return { value: secret.version };
  }

  #blank(): ModelSecret {
    const none = {
      value: "",
      purposeTag: null,
      permissions: [],
      expiresZeqond: null,
      readCount: 0,
      lastReadZeqond: null,
    };
    const generation = ++this.#generations;
    return { ...none, generation, boundZid: "ZEQ-SYS", version: 0, createdAt: this.#iso(), updatedAt: "" };
  }

  /** Why `zid` may not read now, or the secret that it may read. */
  #gate(name: string, zid: string): ModelSecret | { reason: string; code: string; retryAfterMs?: number } {
    const counting = this.denials.filter((denial) => denial.zid === zid && this.zeqond - denial.zeqond < 60);
    if (counting.length >= 5) {
      const fifth = counting[counting.length - 5]?.zeqond ?? 0;
      return { reason: "rate_limited", code: "RATE_LIMITED", retryAfterMs: (fifth + 60) * 777 - this.nowMs };
    }
    const secret = this.secrets.get(name);
    if (secret === undefined) {
      return { reason: "not_found", code: "NOT_FOUND" };
    }
    const may = zid === "ZEQ-SYS" || zid === secret.boundZid || secret.permissions.includes(zid);
    return may ? secret : { reason: "denied", code: "DENIED" };
  }

  #pass(name: string, zid: string, purpose: string, by: { readonly by?: string } = {}) {
    const answer = this.#gate(name, zid);
    if ("reason" in answer) {
      const { reason } = answer;
      if (reason === "denied") {
        this.denials.push({ zid, zeqond: this.zeqond });
      }
      this.#row("secret_denied", name, zid, reason, { name, purpose, reason, ...by });
    } else {
      this.#row("secret_read", name, zid, purpose, { name, purpose, purpose_tag: answer.purposeTag, ...by });
    }
    return answer;
  }

  #read({ name, zid, purpose }: Command & { do: "read" | "probe" }): Answer {
    const answer = this.#pass(name, zid, purpose);
    if ("reason" in answer) {
      const { code, retryAfterMs } = answer;
      return retryAfterMs === undefined ? { code } : { code, retryAfterMs };
    }
    answer.readCount += 1;
    answer.lastReadZeqond = this.zeqond;
    return { value: { name, value: answer.value, purposeTag: answer.purposeTag } };
  }

  #probe({ name, zid, purpose }: Command & { do: "read" | "probe" }): Answer {
    const answer = this.#pass(name, zid, purpose, { by: admin });
    return { value: "reason" in answer ? { granted: false, reason: answer.reason } : { granted: true } };
  }

  #rotate(name: string, actor: string, purpose: string): Answer | undefined {
    const secret = this.secrets.get(name);
    if (secret === undefined) {
      return this.#notFound(name, "rotate");
    }
    secret.version += 1;
    secret.updatedAt = this.#iso();
    secret.expiresZeqond = this.zeqond + 86_400;
    this.#row("secret_rotated", name, actor, purpose, { name, purpose, version: secret.version });
    return undefined;
  }

  #permit({ do: call, name, zid }: Command & { do: "grant" | "revoke" }): Answer {
    const secret = this.secrets.get(name);
    if (secret === undefined) {
      return this.#notFound(name, call);
    }
    const others = secret.permissions.filter((permitted) => permitted !== zid);
    const had = others.length < secret.permissions.length;
    secret.permissions = call === "revoke" ? others : had ? secret.permissions : [...others, zid];
    secret.version += 1;
    secret.updatedAt = this.#iso();
    const purpose = call === "grant" ? "granted" : "revoked";
    const { permissions, version } = secret;
    this.#row("secret_set", name, admin, purpose, {
      name,
      purpose,
      [`${purpose}_zid`]: zid,
      permissions,
      version,
    });
    return { value: permissions };
  }

  #delete(name: string): Answer {
    if (!this.secrets.delete(name)) {
      return this.#notFound(name, "delete");
    }
    this.#row("secret_deleted", name, admin, "deleted", { name, purpose: "deleted" });
    return { value: undefined };
  }

  #info(name: string): Answer {
    this.#row("admin_info", name, admin, "info", { name });
    const secret = this.secrets.get(name);
    if (secret === undefined) {
      return { code: "NOT_FOUND" };
    }
    const { generation: id, value: _value, ...metadata } = secret;
    return { value: { id, name, ...metadata } };
  }

  #notFound(name: string, call: string): Answer {
    this.#row("secret_denied", name, admin, "not_found", { name, purpose: call, reason: "not_found" });
    return { code: "NOT_FOUND" };
  }

  #row(type: string, name: string, actor: string, purpose: string, payload: unknown): void {
    this.rows.push({ type, name, actor, purpose, payload, zeqond: this.zeqond, createdAt: this.#iso() });
  }

  #iso(): string {
    return new Date(this.nowMs).toISOString();
  }
}
