import { secretValueOf } from "../calls.ts";

export type ApiKind =
  | "put"
  | "get"
  | "getVersion"
  | "disable"
  | "delete"
  | "policyCreate"
  | "policyDelete"
  | "agentRotate"
  | "exchange"
  | "setUp";

/** Who calls: the owner by a personal key, an agent that may everything, one whose policies come and go, nobody. */
export type Who = "owner" | "worker" | "guest" | "nobody";

/** One call of `/v1`. */
export interface ApiCall {
  /** In no other call of the run: the address of its client, which stands in the row that the call leaves. */
  readonly label: string;
  readonly kind: ApiKind;
  readonly who: Who;
  /** Of a secret. */
  readonly path?: string;
  readonly version?: number;
  readonly ifMatch?: number;
  readonly idempotencyKey?: string;
  /** The label of the first call with this key: a repeated call is the same to the byte, its address aside. */
  readonly valueLabel?: string;
  readonly maxReads?: number;
  readonly policyId?: string;
  /** Of an exchange: the agent's key, and whether it is the last one that the agent was given. */
  readonly agentKey?: string;
  readonly isLastKey?: boolean;
  /** Of the preparation. */
  readonly request?: ApiRequest;
}

/** One call as HTTP carries it. */
export interface ApiRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the calls are about, known once they are made. */
export interface Ids {
  readonly vaultId: string;
  readonly guestId: string;
  readonly rotatedId: string;
}

/** The server trusts its clients' word for where they are: each call says another place. */
export function createLabels(): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `fd00:0:0:0:0:0:${(count >>> 16).toString(16)}:${(count & 0xffff).toString(16)}`;
  };
}

/** The paths that all clients work on. Those of the second list have a limit of reads, most of the time. */
export const paths: readonly string[] = Array.from({ length: 8 }, (_, index) => `open/n${index}`);
export const limitedPaths: readonly string[] = Array.from({ length: 6 }, (_, index) => `limited/n${index}`);

/** The policies that come and go let the guest read these. */
export const guestPattern = "open/*";

export function isGuestPath(path: string): boolean {
  return path.startsWith("open/");
}

export function requestOf(call: ApiCall, { vaultId, guestId, rotatedId }: Ids): ApiRequest {
  const { kind, path, version, policyId } = call;
  const base = `/v1/vaults/${vaultId}`;
  switch (kind) {
    case "put":
      return { method: "PUT", path: `${base}/secrets/${path}`, body: bodyOfPut(call), headers: headersOf(call) };
    case "get":
      return { method: "GET", path: `${base}/secrets/${path}`, headers: headersOf(call) };
    case "getVersion":
      return { method: "GET", path: `${base}/secret-version/${path}/${version}` };
    case "disable":
      return { method: "POST", path: `${base}/secret-version-disable/${path}/${version}` };
    case "delete":
      return { method: "DELETE", path: `${base}/secrets/${path}` };
    case "policyCreate": {
      const guest = { principal_type: "agent", principal_id: guestId, permissions: ["read"] };
      return { method: "POST", path: `${base}/policies`, body: { secret_path_pattern: guestPattern, ...guest } };
    }
    case "policyDelete":
      return { method: "DELETE", path: `${base}/policies/${policyId}` };
    case "agentRotate":
      return { method: "POST", path: `/v1/agents/${rotatedId}/rotate-key` };
    case "exchange":
      return { method: "POST", path: "/v1/auth/agent-token", body: { api_key: call.agentKey } };
    case "setUp":
      if (call.request === undefined) {
        throw new Error("a preparation without a request");
      }
      return call.request;
  }
}

function bodyOfPut({ valueLabel = "", maxReads }: ApiCall) {
  const limit = maxReads === undefined ? {} : { max_access_count: maxReads };
  return { value: secretValueOf(valueLabel), type: "password", metadata: { label: valueLabel }, ...limit };
}

function headersOf({ ifMatch, idempotencyKey }: ApiCall): Record<string, string> {
  return {
    ...(ifMatch === undefined ? {} : { "if-match": `"${ifMatch}"` }),
    ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
  };
}
