import { hash } from "node:crypto";
import type { DescMethodUnary } from "@bufbuild/protobuf";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";

export type CallKind = "set" | "read" | "batch" | "probe" | "grant" | "revoke" | "rotate" | "delete" | "info";

/** One call of a client, in words that every wire can turn into its own. */
export interface Call {
  /** In no other call of the whole run; it stands in the rows that the call leaves, so that these find their call. */
  readonly label: string;
  readonly kind: CallKind;
  /** One name; several for a batch. */
  readonly names: readonly string[];
  /** Who reads, is probed, is granted or loses a grant; empty for the rest. */
  readonly zid: string;
  /** Only for a set. */
  readonly set?: SetFields;
}

export interface SetFields {
  readonly boundZid?: string;
  readonly permissions?: readonly string[];
  readonly expiresZeqond?: number;
}

/** One call as HTTP carries it. */
export interface HttpCall {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
}

const labelPattern = /^[a-z]+\d+-\d+-\d+$/;

/** `<round>-<client>-<number>`. */
export function labelOf(round: string, client: number, number: number): string {
  return `${round}-${client}-${number}`;
}

export function isLabel(text: unknown): text is string {
  return typeof text === "string" && labelPattern.test(text);
}

/** The value that a set gives a secret; known from its label alone, so that nobody needs to remember it. */
export function secretValueOf(label: string): string {
  const noise = hash("sha256", label, "hex");
  // One value in 64 is so large that its batch needs several packets.
  const repeats =
    noise.startsWith("0") && "0123".includes(noise[1] ?? "") ? 900 : Number.parseInt(noise.slice(2, 3), 16);
  return `${label} Ω\u0000 ${noise.repeat(repeats)}`;
}

/** Reads and batches; only gRPC has them. */
export function isRead(kind: CallKind): boolean {
  return kind === "read" || kind === "batch";
}

export function methodOf(kind: CallKind): DescMethodUnary {
  return methods[kind];
}

const methods: Readonly<Record<CallKind, DescMethodUnary>> = {
  set: ZscAdmin.method.set,
  read: ZeqContext.method.read,
  batch: ZeqContext.method.batchRead,
  probe: ZscAdmin.method.probePermission,
  grant: ZscAdmin.method.grant,
  revoke: ZscAdmin.method.revoke,
  rotate: ZscAdmin.method.rotate,
  delete: ZscAdmin.method.delete,
  info: ZscAdmin.method.info,
};

/** The fields of the request message. */
export function messageOf(call: Call): Record<string, unknown> {
  const { kind, label, zid, names } = call;
  const name = nameOf(call);
  switch (kind) {
    case "set":
      return { name, value: secretValueOf(label), purposeTag: label, ...setMessage(call.set ?? {}) };
    case "batch":
      return { names, purpose: label };
    case "read":
      return { name, purpose: label };
    case "probe":
      return { name, asZid: zid, purpose: label };
    case "grant":
    case "revoke":
      return { name, zid };
    default:
      return { name };
  }
}

function setMessage({ boundZid, permissions, expiresZeqond }: SetFields): Record<string, unknown> {
  return {
    ...(boundZid === undefined ? {} : { boundZid }),
    ...(permissions === undefined ? {} : { permissions: { zids: permissions } }),
    ...(expiresZeqond === undefined ? {} : { expiresZeqond: BigInt(expiresZeqond) }),
  };
}

export function httpOf(call: Call): HttpCall {
  const { kind, label, zid } = call;
  const name = nameOf(call);
  const path = `/api/zsc/${kind}/${encodeURIComponent(name)}`;
  switch (kind) {
    case "set":
      return {
        method: "POST",
        path: "/api/zsc/set",
        body: { name, value: secretValueOf(label), purposeTag: label, ...call.set },
      };
    case "probe":
      return { method: "POST", path: "/api/zsc/probe-permission", body: { name, asZid: zid, purpose: label } };
    case "grant":
    case "revoke":
      return { method: "POST", path, body: { zid } };
    case "rotate":
      return { method: "POST", path };
    case "info":
      return { method: "GET", path };
    case "delete":
      return { method: "DELETE", path: `/api/zsc/${encodeURIComponent(name)}` };
    default:
      throw new Error(`there is no JSON route for a ${kind}`);
  }
}

function nameOf({ names, label }: Call): string {
  const [name] = names;
  if (name === undefined) {
    throw new Error(`the call ${label} names nothing`);
  }
  return name;
}
